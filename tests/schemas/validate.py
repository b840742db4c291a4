"""Validates what the program writes for machines: see validate.sh."""

import glob
import json
import os
import pathlib
import subprocess
import sys

import jsonschema
import frictionless
import junitparser
import xmlschema
import yaml

program, root, scratch = (pathlib.Path(path) for path in sys.argv[1:])
schemas = root / "tests/schemas"
work = scratch / "work"
work.mkdir()
(work / "small.toml").write_text((root / "tests/common/small.toml").read_text())


def run(*arguments, code=0, **environment):
    """What a command prints; its exit code must be this one."""
    done = subprocess.run([program, *arguments], cwd=work, env={**os.environ, **environment}, capture_output=True, text=True)
    assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
    return done.stdout


def check_gate(junit, sarif):
    xmlschema.validate(str(junit), str(schemas / "junit.xsd"))
    report = junitparser.JUnitXml.fromfile(str(junit))
    cases = [case for suite in report for case in suite]
    failed = [case for case in cases if any(isinstance(result, junitparser.Failure) for result in case.result)]
    assert report.tests == len(cases) > 0 and report.failures == len(failed), (report.tests, len(cases), report.failures, len(failed))
    log = json.loads(sarif.read_text())
    known = glob.glob(str(scratch / "node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0*.json"))
    if known:
        # Its $schema names a draft without the schema's own address; draft 7 is what it is written in.
        jsonschema.Draft7Validator(json.loads(pathlib.Path(known[0]).read_text())).validate(log)
    else:
        print("skipped: SARIF's schema (npm cannot install @microsoft/jest-sarif)")
    assert all(result["locations"] for result in log["runs"][0]["results"])
    return len(cases), len(failed), len(log["runs"][0]["results"])


summary = work / "summary.md"
gate = ["--format", "github", "--junit", "gate.xml", "--sarif", "gate.sarif", "--quiet"]
said = run("run", "small.toml", "--fail-on", "violated", "--strict", *gate, code=1, GITHUB_STEP_SUMMARY=str(summary))
assert all(line.startswith("::") for line in said.splitlines()) and "::error file=small.toml,line=1," in said, said
assert "lemmascope: fail" in summary.read_text()
print("run: cases, failures and results:", check_gate(work / "gate.xml", work / "gate.sarif"))
said = run("check", "small.toml", "--baseline", "results", *gate, GITHUB_STEP_SUMMARY=str(summary))
assert said == "" and "lemmascope: pass" in summary.read_text(), said
print("check: cases, failures and results:", check_gate(work / "gate.xml", work / "gate.sarif"))

# The data package of an export, with every cell of its tables; and how to cite the program.
run("export", "small.toml", "--quiet")
report = frictionless.validate(str(work / "paper/data/datapackage.json"))
assert report.valid, report.flatten(["rowNumber", "fieldNumber", "type", "note"])[:10]
subprocess.run([scratch / "cff/bin/cffconvert", "--validate", "-i", work / "paper/CITATION.cff"], check=True, capture_output=True)
print("export: the data package and the citation are valid")

# What every verb prints under --json, errors included, by the schema that the program publishes.
schema = json.loads(run("schema"))
jsonschema.Draft202012Validator.check_schema(schema)
verbs = {}
lemma = [f"{name}={value}" for name, value in (("k", 256), ("d", 10), ("eps", 0.1), ("target", "axis"))]
cell = [word for item in lemma for word in ("--set", item)]
(work / "X.csv").write_text("\n".join(f"{x / 7 - 1},{(x * x % 11) / 5 - 1}" for x in range(14)))
(work / "z.csv").write_text("0.5,0.25")
run("run", "small.toml", "--shard", "1/1", "--out", "parts", "--quiet")
target = root / "experiments/targets/digits_gap.safetensors"
for words, code in (
    ("run small.toml", 0),
    ("run small.toml --dry-run", 0),
    ("run small.toml --shard 1/1 --out again", 0),
    ("merge parts --out merged", 0),
    ("slurm small.toml --shards 3", 0),
    ("slurm small.toml --write sweep.sh", 0),
    ("claims", 0),
    ("claims nsn-box", 0),
    ("claims --index", 0),
    (["evaluate", "nsn-box", *cell], 0),
    (["evaluate", "nsn-box", *cell, "--method", "literal", "--bound", "draft=eps^d"], 0),
    ("evaluate lueker --set n=5 --set eps=0.1", 0),
    ("report small.toml", 0),
    ("check small.toml", 0),
    ("diff results merged", 0),
    (["trace", "nsn-box", *cell], 0),
    ("threshold mrss --set k=3 --set d=2 --set eps=0.3 --find n --probability 0.5 --within 4..64", 0),
    ("solve --vectors X.csv --target z.csv --eps 0.1", 0),
    ("solve --vectors X.csv --target z.csv --eps 1e-9 --size 3", 0),
    (["prune", "--target", target, "--width", "400", "--effort", "quick", "--out", "pruned"], 0),
    ("falsify nsn-box --within d=20,k=20..64 --evaluations 100", 0),
    ("falsify lueker --evaluations 60", 0),
    ("certify nsn-box --set d=12 --out certificate.json", 0),
    ("verify certificate.json", 0),
    ("export small.toml", 0),
    ("plot small.toml", 0),
    ("new nsn-box", 0),
    ("error evaluate nope", 2),
    ("error run --nope", 2),
    ("error verify small.toml", 2),
):
    words = words.split() if isinstance(words, str) else [str(word) for word in words]
    verb, arguments = words[0], words[1:] if words[0] == "error" else words
    printed = json.loads(run(*arguments, "--json", code=code))
    jsonschema.Draft202012Validator({**schema, "$ref": f"#/$defs/{verb}"}).validate(printed)
    verbs[verb] = verbs.get(verb, 0) + 1
assert set(verbs) == set(schema["$defs"]), set(schema["$defs"]) ^ set(verbs)
print(f"json: {sum(verbs.values())} documents of {len(verbs)} kinds are as the schema says")

# The action: its steps of shell, one after another, with the program in place of its installation.
action = yaml.safe_load((root / ".github/actions/check/action.yml").read_text())
example = yaml.safe_load((root / ".github/actions/check/example.yml").read_text())
step = next(step for step in example["jobs"]["lemmas"]["steps"] if "actions/check@" in step["uses"])
assert set(step["with"]) <= set(action["inputs"]), step
measure = next(step for step in action["runs"]["steps"] if step.get("id") == "measure")
outputs = work / "outputs"
environment = {"FILES": "small.toml", "BASELINE": "", "ARGUMENTS": "--threads 2", "OUT": "fresh", "GITHUB_OUTPUT": str(outputs)}
environment |= {"GITHUB_STEP_SUMMARY": str(summary), "PATH": f"{program.parent}:{os.environ['PATH']}"}
shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", measure["run"]]
for baseline, code in (("", 1), ("results", 0)):
    done = subprocess.run(shell, cwd=work, env={**os.environ, **environment, "BASELINE": baseline}, capture_output=True, text=True)
    assert done.returncode == code, (done.stdout, done.stderr)
assert (work / "fresh/report.html").is_file() and outputs.read_text() == "report=fresh/report.html\n"
print("the action's steps measure, and leave the report")

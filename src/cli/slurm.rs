//! `lemmascope slurm`: writes a script that measures a run as an array job of Slurm and merges it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;

use super::json::pretty;
use super::options::CommandArguments;
use super::{DEFAULT_ALPHA, DEFAULT_SEED, EffortName, note, parse_alpha, print};
use crate::error::{Error, Result};
use crate::experiment::read_all;
use crate::numeric::number;
use crate::output::write_whole;
use crate::show::report::command::quoted;

#[derive(clap::Args)]
pub struct Arguments {
    /// The experiments' files; by default all in the folder experiments.
    files: Vec<PathBuf>,
    /// How many shards: the tasks of the array.
    #[arg(long, allow_negative_numbers = true, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    shards: u32,
    /// The folder for records, plots and the summary; the shards go to its folder shards, which all nodes must see.
    #[arg(long, default_value = "results")]
    out: PathBuf,
    /// The minutes of one task. What it has measured by then is kept, and it is queued again.
    #[arg(long, allow_negative_numbers = true, default_value_t = 60, value_parser = clap::value_parser!(u32).range(2..=100_000))]
    minutes: u32,
    /// The cores of one task.
    #[arg(long, allow_negative_numbers = true, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: u16,
    /// The seed of the random streams.
    #[arg(long, allow_negative_numbers = true, default_value_t = DEFAULT_SEED, value_parser = super::parse_seed)]
    seed: u64,
    /// The chance that any verdict of the run is wrong.
    #[arg(long, default_value_t = DEFAULT_ALPHA, value_parser = parse_alpha)]
    alpha: f64,
    /// How many replicates to spend.
    #[arg(long, value_enum, default_value = "default")]
    effort: EffortName,
    #[command(flatten)]
    commands: CommandArguments,
    /// The script's file; by default the script is printed.
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Print JSON: the script, and where it was written.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    // A slip in a file is found now, not in the queue.
    read_all(&arguments.files)?;
    let program = std::env::current_exe().map_err(Error::read(Path::new("lemmascope")))?;
    let text = script(arguments, &program);
    if let Some(path) = &arguments.write {
        write_whole(path, text.as_bytes())?;
        note(&format!("submit it from here with: bash {}", path.display()));
    }
    match &arguments.write {
        _ if arguments.json => print(&pretty(&json!({ "script": text, "path": arguments.write })))?,
        Some(_) => {}
        None => print(text.trim_end())?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A task stops itself so many seconds before Slurm would kill it.
const MARGIN: u32 = 60;

fn script(arguments: &Arguments, program: &Path) -> String {
    let Arguments { shards, minutes, threads, seed, .. } = *arguments;
    let word = |path: &Path| quoted(&path.display().to_string());
    let files: String = arguments.files.iter().map(|path| format!(" {}", word(path))).collect();
    let (program, out, parts) = (word(program), word(&arguments.out), word(&arguments.out.join("shards")));
    let (alpha, effort) = (number(arguments.alpha), arguments.effort.name());
    let seconds = 60 * minutes - MARGIN;
    let allowed = arguments.commands.option();
    format!(
        r##"#!/bin/bash
# Measures a run of lemmascope as {shards} tasks of a Slurm array, and merges them in a second job when all are done.
# Submit it from the folder in which the experiments' paths hold, which all nodes have to see: bash THIS_FILE
set -euo pipefail
mkdir -p {parts}

array=$(sbatch --parsable <<'JOB'
#!/bin/bash
#SBATCH --job-name=lemmascope
# One task a shard; each writes one file. To measure shard 3 again, submit this part with --array=3.
#SBATCH --array=1-{shards}
#SBATCH --cpus-per-task={threads}
#SBATCH --time={minutes}
# A task whose node fails, or that is preempted, is queued again, and goes on with what its file holds.
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output={parts}/task-%a.log
code=0
{program} run{files} --out {parts} --shard auto/{shards} --resume --seed {seed} --alpha {alpha} --effort {effort} \
    --threads {threads} --time-limit {seconds}{allowed} --quiet || code=$?
# Code 4: stopped a minute before the limit, or by a signal. What was measured is kept: the task is queued again.
if [ "$code" -eq 4 ] && scontrol requeue "${{SLURM_ARRAY_JOB_ID}}_${{SLURM_ARRAY_TASK_ID}}"; then
    sleep 60 # until Slurm ends this attempt
fi
exit "$code"
JOB
)

sbatch --parsable --dependency="afterok:$array" --kill-on-invalid-dep=yes <<'JOB'
#!/bin/bash
#SBATCH --job-name=lemmascope-merge
#SBATCH --output={parts}/merge.log
{program} merge {parts} --out {out}
JOB
"##
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    #[test]
    fn the_script_says_what_was_asked_for() {
        let line = Line::parse_from([
            "slurm",
            "my claims.toml",
            "--shards",
            "4",
            "--minutes",
            "30",
            "--out",
            "o",
            "--seed",
            "7",
            "--allow-commands",
        ]);
        let text = script(&line.arguments, Path::new("/bin/lemmascope"));
        for part in [
            "#SBATCH --array=1-4\n",
            "#SBATCH --time=30\n",
            "/bin/lemmascope run 'my claims.toml' --out o/shards --shard auto/4 --resume --seed 7 --alpha 0.001 --effort default",
            "--time-limit 1740 --allow-commands --quiet",
            "/bin/lemmascope merge o/shards --out o\n",
            "scontrol requeue \"${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}\"",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }
}

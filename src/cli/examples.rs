//! The examples below each verb's help. A test parses every one of them.

pub const RUN: &str = "Examples:
  lemmascope run                                     every experiment of the folder experiments
  lemmascope run my.toml --effort quick              one file, a tenth of the replicates
  lemmascope run -k nsn-box --dry-run                what the experiments on one claim would take
  lemmascope run my.toml --fail-on violated --strict --junit lemmas.xml";
pub const MERGE: &str = "Examples:
  lemmascope merge parts --out results               the shards in one folder
  lemmascope merge node1 node2 --fail-on violated";
pub const SLURM: &str = "Examples:
  lemmascope slurm my.toml --shards 64 --minutes 30 --write sweep.sh";
pub const CLAIMS: &str = "Examples:
  lemmascope claims                                  all claims
  lemmascope claims nsn-box                          one, with its parameters, bounds and readings
  lemmascope claims --index                          the paper's numbers, and what judges each";
pub const EVALUATE: &str = "Examples:
  lemmascope evaluate nsn-box --set k=4096 --set d=12 --set eps=0.1 --set target=axis
  lemmascope evaluate nsn-box --set k=64 --set d=4 --set eps=0.1 --bound 'draft=eps^d' --json
  lemmascope evaluate my-lemma.toml --set n=100 --set p=0.5 --set t=20";
pub const REPORT: &str = "Examples:
  lemmascope report                                  results/report.html of all records in results
  lemmascope report my.toml --out elsewhere";
pub const CHECK: &str = "Examples:
  lemmascope check                                   all experiments against the records in results
  lemmascope check my.toml --baseline known --format github --sarif lemmas.sarif
  lemmascope check my.toml --accept                  take the fresh records over";
pub const DIFF: &str = "Examples:
  lemmascope diff before after
  lemmascope diff before after --json";
pub const TRACE: &str = "Examples:
  lemmascope trace nsn-box --set k=256 --set d=10 --set eps=0.1 --set target=axis";
pub const THRESHOLD: &str = "Examples:
  lemmascope threshold mrss --set k=3 --set d=2 --set eps=0.1 --find n --probability 0.5";
pub const SOLVE: &str = "Examples:
  lemmascope solve --vectors X.npy --target z.npy --eps 0.01
  lemmascope solve --vectors X.csv --target z.csv --eps 0.1 --size 20 --time-limit 60 --json";
pub const PRUNE: &str = "Examples:
  lemmascope prune --target net.safetensors --width 10000 --images test.npz --out pruned
  lemmascope prune --target net.safetensors --width 10000 --out results/prune/net      the report shows it";
pub const FALSIFY: &str = "Examples:
  lemmascope falsify nsn-box                         the worst cell, and a smallest counterexample
  lemmascope falsify nsn-box --within 'd=1..64,k=16..4096' --certify certificate.json
  lemmascope falsify nsn-box --bound 'draft=eps^d/k' --time-limit 30";
pub const CERTIFY: &str = "Examples:
  lemmascope certify nsn-box --set d=12 --out certificate.json";
pub const VERIFY: &str = "Examples:
  lemmascope verify certificate.json";
pub const EXPORT: &str = "Examples:
  lemmascope export --width 84mm --font serif --size 8pt
  lemmascope export my.toml --out figures-of-mine";
pub const PLOT: &str = "Examples:
  lemmascope plot                                    all plots again, from the records in results
  lemmascope plot my.toml";
pub const NEW: &str = "Examples:
  lemmascope new nsn-box                             my-nsn-box.toml, with comments
  lemmascope new --own --out hoeffding.toml          a lemma of your own";
pub const COMPLETIONS: &str = "Examples:
  lemmascope completions bash                        > ~/.local/share/bash-completion/completions/lemmascope
  lemmascope completions zsh                         > ~/.zfunc/_lemmascope
  lemmascope completions fish                        > ~/.config/fish/completions/lemmascope.fish";
pub const MAN: &str = "Examples:
  lemmascope man --out ~/.local/share/man/man1";
pub const SCHEMA: &str = "Examples:
  lemmascope schema                                  of all verbs
  lemmascope schema evaluate                         of what evaluate --json prints";

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use crate::cli::Cli;

    /// The words of a line, up to where blanks begin a remark.
    fn words(line: &str) -> Vec<String> {
        let line = line.trim();
        let command = line.split("    ").next().unwrap_or(line);
        let mut words: Vec<String> = Vec::new();
        for (index, part) in command.split('\'').enumerate() {
            match index % 2 {
                0 => words.extend(part.split_whitespace().map(String::from)),
                _ => words.push(part.into()),
            }
        }
        words
    }

    #[test]
    fn every_verb_has_examples_that_parse() {
        let mut command = Cli::command();
        command.build();
        for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
            let help = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
            let lines: Vec<&str> = help.lines().skip(1).collect();
            assert!(help.starts_with("Examples:\n") && !lines.is_empty(), "{}", verb.get_name());
            for line in lines {
                let words = words(line);
                assert_eq!((words[0].as_str(), words[1].as_str()), ("lemmascope", verb.get_name()), "{line}");
                if let Err(error) = Cli::try_parse_from(&words) {
                    panic!("{line}: {error}");
                }
            }
        }
    }
}

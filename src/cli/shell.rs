//! `lemmascope completions` and `lemmascope man`: what shells and readers of manuals take.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Command, CommandFactory};

use super::{Cli, print};
use crate::error::{Error, Result};
use crate::output::{writable_folder, write_together};

#[derive(clap::Args)]
pub struct CompletionArguments {
    /// The shell.
    shell: clap_complete::Shell,
}

#[derive(clap::Args)]
pub struct ManArguments {
    /// The folder for the pages, one a verb.
    #[arg(long, default_value = "man")]
    out: PathBuf,
}

/// Prints what completes verbs and options in a shell.
pub fn complete(arguments: &CompletionArguments) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "lemmascope", &mut script);
    print(String::from_utf8_lossy(&script).trim_end())?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a manual page a verb.
pub fn man(arguments: &ManArguments) -> Result<ExitCode> {
    let mut command = Cli::command();
    command.build();
    let mut pages = vec![("lemmascope".to_string(), command.clone())];
    pages.extend(command.get_subcommands().map(|verb| {
        let name = format!("lemmascope-{}", verb.get_name());
        (name.clone(), verb.clone().display_name(name))
    }));
    writable_folder(&arguments.out)?;
    let page = |(name, command): (String, Command)| {
        let mut bytes = Vec::new();
        let written = clap_mangen::Man::new(command).render(&mut bytes);
        let path = arguments.out.join(format!("{name}.1"));
        written.map_err(Error::write(&path)).map(|()| (path, bytes))
    };
    let files = pages.into_iter().map(page).collect::<Result<Vec<_>>>()?;
    write_together(&files)?;
    print(&format!(
        "{} pages are in {1}; man -l {1}/lemmascope.1 shows the first",
        files.len(),
        arguments.out.display()
    ))?;
    Ok(ExitCode::SUCCESS)
}

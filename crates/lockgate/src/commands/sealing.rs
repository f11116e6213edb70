//! `lockgate secret`: keys that seal secrets, and secrets sealed with them.

use std::path::Path;

use connector::config::SecretRef;
use connector::sealed;
use serde::Serialize;

use super::{failure, secret};
use crate::advice::Outcome;
use crate::cli;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::say;

#[derive(Serialize)]
struct KeyMade {
    file: String,
}

#[derive(Serialize)]
struct Sealed {
    file: String,
    /// What refers to it in the configuration.
    reference: String,
}

pub(super) fn run(context: &Context, command: &cli::Secret) -> Outcome {
    match command {
        cli::Secret::Key { file } => make_key(context, file),
        cli::Secret::Seal(args) => seal(context, args),
    }
}

fn make_key(context: &Context, file: &Path) -> Outcome {
    sealed::make_key(file).map_err(|error| failure::explain(context, None, &error))?;
    let made = KeyMade { file: file.display().to_string() };
    context.answer("secret-key", &made, || format!("key          {}\n", crate::output::safe(&made.file)))?;
    say(
        "whoever has this file and a sealed one has the secret: keep them apart, and back the key up elsewhere",
    );
    Ok(Exit::Ok)
}

fn seal(context: &Context, args: &cli::Seal) -> Outcome {
    let key = key_of(args);
    let password = secret::From::of(args.password_stdin)?.read("the file")?;
    sealed::write(&args.file, &key, &password).map_err(|error| failure::explain(context, None, &error))?;
    let reference = SecretRef::Sealed { path: args.file.clone(), key: Box::new(key) }.as_setting();
    let sealed = Sealed { file: args.file.display().to_string(), reference };
    context
        .answer("secret-seal", &sealed, || format!("sealed       {}\n", crate::output::safe(&sealed.file)))?;
    say(&format!("in the configuration: password = {}", sealed.reference));
    say("(paths there are relative to the folder of the configuration)");
    Ok(Exit::Ok)
}

fn key_of(args: &cli::Seal) -> SecretRef {
    match (&args.key_file, &args.key_env, &args.key_credential) {
        (Some(path), _, _) => SecretRef::File(path.clone()),
        (None, Some(name), _) => SecretRef::Environment(name.clone()),
        // one of the three is there, or the command line was refused
        (None, None, name) => SecretRef::Credential(name.clone().unwrap_or_default()),
    }
}

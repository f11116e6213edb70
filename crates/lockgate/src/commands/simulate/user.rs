//! `lockgate simulate user`: who may log in to the simulated plant, and as what.

use serde::Serialize;

use super::super::secret::From;
use super::users::{self, UsersFile};
use crate::advice::{Advice, Outcome};
use crate::cli::{PlantUser, SimulateUser};
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{Table, say};

#[derive(Serialize)]
struct View<'a> {
    file: String,
    anonymous: bool,
    users: Vec<UserView<'a>>,
    rules: Vec<RuleView<'a>>,
}

#[derive(Serialize)]
struct UserView<'a> {
    name: &'a str,
    roles: &'a [String],
}

#[derive(Serialize)]
struct RuleView<'a> {
    role: &'a str,
    who: String,
}

pub(super) fn run(context: &Context, command: &SimulateUser) -> Outcome {
    let SimulateUser::User(command) = command;
    let folder = match command {
        PlantUser::Add(args) => &args.dir,
        PlantUser::Remove { dir, .. } | PlantUser::List { dir } => dir,
    };
    let path = users::path(folder);
    let mut file = users::open(folder)?;
    match command {
        PlantUser::Add(args) => {
            if file.has(&args.name) {
                return Err(taken(&args.name, folder));
            }
            for name in &args.roles {
                users::role(name).map_err(|why| Advice::new("simulate.role", Exit::Usage, why))?;
            }
            let password = From::of(args.password_stdin)?.read(&args.name)?;
            file.add(&args.name, &password, &args.roles)?;
            users::write(&path, &file)?;
        }
        PlantUser::Remove { name, .. } => {
            if !file.has(name) {
                let message = format!("the plant has no user {name:?}");
                return Err(Box::new(
                    Advice::new("simulate.user", Exit::Config, message)
                        .then_run_alone(&words("list", None, folder)),
                ));
            }
            file.users.retain(|user| user.name != *name);
            users::write(&path, &file)?;
        }
        PlantUser::List { .. } => {}
    }
    let view = View::of(&path, &file);
    context.answer("simulate-users", &view, || view.text())?;
    Ok(Exit::Ok)
}

fn taken(name: &str, folder: &std::path::Path) -> Box<Advice> {
    let message = format!("the plant has a user {name:?} already");
    Box::new(
        Advice::new("simulate.user", Exit::Config, message)
            .then("to give another password or other roles, remove the user first:")
            .then_run_alone(&words("remove", Some(name), folder)),
    )
}

fn words(command: &str, name: Option<&str>, folder: &std::path::Path) -> Vec<String> {
    let mut words = vec!["simulate".to_owned(), "user".to_owned(), command.to_owned()];
    words.extend(name.map(str::to_owned));
    words.extend(["--dir".to_owned(), folder.display().to_string()]);
    words
}

impl<'a> View<'a> {
    fn of(path: &std::path::Path, file: &'a UsersFile) -> Self {
        let users = file.users.iter().map(|user| UserView { name: &user.name, roles: &user.roles });
        let rules = file.rules.iter().map(|rule| RuleView { role: &rule.role, who: rule.words() });
        Self {
            file: path.display().to_string(),
            anonymous: file.anonymous,
            users: users.collect(),
            rules: rules.collect(),
        }
    }

    fn text(&self) -> String {
        let mut table = Table::new(&["WHO", "ROLES"]);
        for user in &self.users {
            table.row([format!("user {}", user.name), user.roles.join(", ")]);
        }
        for rule in &self.rules {
            table.row([rule.who.as_str(), rule.role]);
        }
        if self.users.is_empty() && self.rules.is_empty() {
            say("nobody may log in");
        }
        table.to_string()
    }
}

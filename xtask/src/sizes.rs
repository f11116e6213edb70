//! File and function sizes. A file is worth a look at 300 lines and too long at 500; a function is too long at 120.
//!
//! Tests and generated code are apart: files under `tests/`, modules under `#[cfg(test)]`, files marked `@generated`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use proc_macro2::Span;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

use crate::report::Outcome;
use crate::workspace::Workspace;

const FILE_WARN: usize = 300;
const FILE_FAIL: usize = 500;
const FUNCTION_FAIL: usize = 120;
const EXTENSIONS: &[&str] = &["rs", "ts", "svelte", "py", "js", "cjs", "mjs"];

pub(crate) fn check(workspace: &Workspace) -> Result<Outcome> {
    let mut files: Vec<Measured> = Vec::new();
    for path in workspace.files()?.into_iter().filter(|path| is_source(path)) {
        let text = fs::read_to_string(workspace.root().join(&path))
            .with_context(|| format!("cannot read {}", path.display()))?;
        if text.lines().take(5).any(|line| line.contains("@generated")) {
            continue;
        }
        files.push(measure(path, &text)?);
    }
    let functions: usize = files.iter().map(|file| file.functions.len()).sum();
    println!(
        "   {} files, median {} lines; {functions} Rust functions, median {} lines",
        files.len(),
        median(files.iter().map(|file| file.lines).collect()),
        median(files.iter().flat_map(|file| file.functions.iter().map(|function| function.lines)).collect()),
    );
    let wrong: usize = files.iter().map(complain).sum();
    if wrong > 0 {
        bail!("{wrong} too long: split by concern, not by line count");
    }
    Ok(Outcome::default())
}

struct Measured {
    path: PathBuf,
    lines: usize,
    functions: Vec<Function>,
}

struct Function {
    name: String,
    line: usize,
    lines: usize,
}

/// Prints what is long, and counts what is too long.
fn complain(file: &Measured) -> usize {
    let path = file.path.display();
    let mut wrong = 0;
    if file.lines > FILE_FAIL {
        println!("   {path}: {} lines, more than {FILE_FAIL}", file.lines);
        wrong += 1;
    } else if file.lines > FILE_WARN {
        println!("   warning: {path}: {} lines; aim at {FILE_WARN}", file.lines);
    }
    for function in file.functions.iter().filter(|function| function.lines > FUNCTION_FAIL) {
        let Function { name, line, lines } = function;
        println!("   {path}:{line}: function {name} has {lines} lines, more than {FUNCTION_FAIL}");
        wrong += 1;
    }
    wrong
}

fn is_source(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    let in_tests = path.components().any(|part| part.as_os_str() == "tests");
    let is_tests = path.file_stem().is_some_and(|stem| stem == "tests");
    extension.is_some_and(|extension| EXTENSIONS.contains(&extension)) && !in_tests && !is_tests
}

fn measure(path: PathBuf, text: &str) -> Result<Measured> {
    let lines = text.lines().count();
    if path.extension().is_none_or(|extension| extension != "rs") {
        return Ok(Measured { path, lines, functions: Vec::new() });
    }
    let tree = syn::parse_file(text).with_context(|| format!("cannot parse {}", path.display()))?;
    let mut ruler = Ruler::default();
    ruler.visit_file(&tree);
    let lines = lines.saturating_sub(ruler.test_lines);
    Ok(Measured { path, lines, functions: ruler.functions })
}

#[derive(Default)]
struct Ruler {
    functions: Vec<Function>,
    test_lines: usize,
}

impl Ruler {
    fn function(&mut self, name: &syn::Ident, span: Span) {
        let line = span.start().line;
        self.functions.push(Function { name: name.to_string(), line, lines: lines_of(span) });
    }
}

impl<'ast> Visit<'ast> for Ruler {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if is_cfg_test(&module.attrs) {
            self.test_lines += lines_of(module.span());
        } else {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.function(&function.sig.ident, function.span());
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.function(&function.sig.ident, function.span());
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        self.function(&function.sig.ident, function.span());
        visit::visit_trait_item_fn(self, function);
    }
}

fn is_cfg_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    })
}

/// From the first attribute or doc comment to the closing brace.
fn lines_of(span: Span) -> usize {
    span.end().line.saturating_sub(span.start().line) + 1
}

fn median(mut values: Vec<usize>) -> usize {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(text: &str) -> Measured {
        measure(PathBuf::from("a.rs"), text).unwrap()
    }

    #[test]
    fn a_functions_size_is_its_lines_with_its_documentation() {
        let file = measured("/// Why.\nfn f() {\n}\nimpl A {\n    fn g() {}\n}\n");
        let sizes: Vec<_> = file.functions.iter().map(|f| (f.name.as_str(), f.lines)).collect();
        assert_eq!(sizes, [("f", 3), ("g", 1)]);
    }

    #[test]
    fn a_test_module_counts_neither_as_lines_nor_as_functions() {
        let file = measured("fn f() {}\n\n#[cfg(test)]\nmod tests {\n    fn g() {}\n}\n");
        assert_eq!((file.lines, file.functions.len()), (2, 1));
    }

    #[test]
    fn what_is_too_long_is_counted_once_per_file_and_once_per_function() {
        let body = "    f();\n".repeat(FUNCTION_FAIL);
        assert_eq!(complain(&measured(&format!("fn f() {{\n{body}}}\n"))), 1);
        assert_eq!(complain(&measured(&"// a\n".repeat(FILE_FAIL))), 0);
        assert_eq!(complain(&measured(&"// a\n".repeat(FILE_FAIL + 1))), 1);
    }
}

//! Rust files, read once: what they mention, how long their functions are, which lines are tests.
//!
//! Names are resolved through the file's own `use` items, so that `use std::time; time::Instant::now()` mentions
//! `std::time::Instant::now`. Names inside macro calls count as well; comments and strings do not.

use crate::tree;
use proc_macro2::{Spacing, TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::LazyLock;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

/// Written by the Thrift compiler: not ours to judge.
const GENERATED: [&str; 3] = ["idl/src/ballast.rs", "idl/src/client_server.rs", "idl/src/server_compute.rs"];

/// A Rust file.
#[derive(Debug)]
pub(crate) struct Source {
    /// Its path from the root, with `/`.
    pub(crate) path: String,
    /// Its content.
    pub(crate) text: String,
    /// Whether all of it is tests, benchmarks or examples.
    pub(crate) is_test: bool,
    /// Whether the module begins by saying what it is.
    pub(crate) has_module_doc: bool,
    /// What is mentioned outside tests: line and path, macros with their `!`.
    pub(crate) mentions: Vec<(usize, String)>,
    /// All functions.
    pub(crate) functions: Vec<Function>,
    /// Lines of `allow` and `expect` attributes outside tests that give no reason.
    pub(crate) unexplained: Vec<usize>,
    /// Lines that are tests.
    tests: Vec<RangeInclusive<usize>>,
}

/// A function with a body.
#[derive(Debug)]
pub(crate) struct Function {
    /// Its name, with the type's before it for methods.
    pub(crate) name: String,
    /// From the line of its signature to that of its closing brace.
    pub(crate) lines: usize,
}

impl Source {
    /// How many lines are not tests.
    pub(crate) fn lines(&self) -> usize {
        let lines = self.text.lines().count();
        if self.is_test { lines } else { (1..=lines).filter(|line| !self.tests_line(*line)).count() }
    }

    /// The folder of its crate, such as `crates/wire`.
    pub(crate) fn crate_folder(&self) -> &str {
        let depth = if self.path.starts_with("crates/") { 2 } else { 1 };
        let end = self.path.match_indices('/').nth(depth - 1).map_or(self.path.len(), |(place, _)| place);
        &self.path[..end]
    }

    fn tests_line(&self, line: usize) -> bool {
        self.tests.iter().any(|range| range.contains(&line))
    }
}

/// Every Rust file but the generated ones.
pub(crate) fn sources() -> &'static [Source] {
    static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(|| {
        let files = tree::texts().iter().filter(|file| file.path.ends_with(".rs"));
        let parsed: Vec<_> = files
            .filter(|file| !GENERATED.contains(&file.path.as_str()))
            .map(|file| parse(&file.path, &file.text))
            .collect();
        let test_files: BTreeSet<String> =
            parsed.iter().flat_map(|(_, files)| files.iter().cloned()).collect();
        let mark = |(mut source, _): (Source, _)| {
            source.is_test |= test_files.contains(&source.path);
            source
        };
        parsed.into_iter().map(mark).collect()
    });
    &SOURCES
}

/// Reads one file. Answers it, and the paths of the files that it declares as tests.
pub(crate) fn parse(path: &str, text: &str) -> (Source, Vec<String>) {
    let file = syn::parse_file(text).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut reader = Reader { path, ..Reader::default() };
    reader.visit_file(&file);
    let mut source = Source {
        path: path.to_owned(),
        text: text.to_owned(),
        is_test: ["/tests/", "/benches/", "/examples/"].iter().any(|folder| path.contains(folder)),
        has_module_doc: file.attrs.iter().any(|attribute| attribute.path().is_ident("doc")),
        mentions: reader.imports,
        functions: reader.functions,
        unexplained: reader.unexplained,
        tests: reader.tests,
    };
    let tokens = text.parse().unwrap_or_else(|error| panic!("{path}: {error}"));
    names(tokens, &mut |line, name: &str| {
        let (first, rest) = name.split_once("::").map_or((name, None), |(first, rest)| (first, Some(rest)));
        let first = reader.aliases.get(first).map_or(first, String::as_str);
        source.mentions.push((line, rest.map_or(first.to_owned(), |rest| format!("{first}::{rest}"))));
    });
    let tests = source.tests.clone();
    source.mentions.retain(|(line, _)| !tests.iter().any(|range| range.contains(line)));
    source.unexplained.retain(|line| !tests.iter().any(|range| range.contains(line)));
    (source, reader.test_files)
}

/// Tells every `a::b::c` and every `a!` of the tokens.
fn names(tokens: TokenStream, tell: &mut dyn FnMut(usize, &str)) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => names(group.stream(), tell),
            TokenTree::Ident(ident) => {
                let (line, mut name) = (ident.span().start().line, ident.to_string());
                while tokens.next_if(is_path_separator).is_some() {
                    tokens.next();
                    match tokens.next_if(|next| matches!(next, TokenTree::Ident(_))) {
                        Some(next) => name = format!("{name}::{next}"),
                        None => break,
                    }
                }
                if tokens.peek().is_some_and(|next| is(next, '!')) {
                    name.push('!');
                }
                tell(line, &name);
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

/// The first colon of two; a single one is followed by something else.
fn is_path_separator(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ':' && punct.spacing() == Spacing::Joint)
}

fn is(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

#[derive(Default)]
struct Reader<'a> {
    path: &'a str,
    owner: String,
    aliases: BTreeMap<String, String>,
    imports: Vec<(usize, String)>,
    functions: Vec<Function>,
    unexplained: Vec<usize>,
    tests: Vec<RangeInclusive<usize>>,
    test_files: Vec<String>,
}

impl Reader<'_> {
    fn import(&mut self, prefix: &str, tree: &syn::UseTree) {
        let join = |name: &syn::Ident| {
            if prefix.is_empty() { name.to_string() } else { format!("{prefix}::{name}") }
        };
        let line = tree.span().start().line;
        let (alias, path) = match tree {
            syn::UseTree::Path(path) => return self.import(&join(&path.ident), &path.tree),
            syn::UseTree::Group(group) => {
                return group.items.iter().for_each(|item| self.import(prefix, item));
            }
            syn::UseTree::Glob(_) => (None, format!("{prefix}::*")),
            syn::UseTree::Name(name) if name.ident == "self" => {
                (prefix.rsplit("::").next().map(str::to_owned), prefix.to_owned())
            }
            syn::UseTree::Name(name) => (Some(name.ident.to_string()), join(&name.ident)),
            syn::UseTree::Rename(rename) if rename.ident == "self" => {
                (Some(rename.rename.to_string()), prefix.to_owned())
            }
            syn::UseTree::Rename(rename) => (Some(rename.rename.to_string()), join(&rename.ident)),
        };
        if let Some(alias) = alias {
            self.aliases.insert(alias, path.clone());
        }
        self.imports.push((line, path));
    }

    fn function(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let lines = block.span().end().line - signature.span().start().line + 1;
        let name = if self.owner.is_empty() {
            signature.ident.to_string()
        } else {
            format!("{}::{}", self.owner, signature.ident)
        };
        self.functions.push(Function { name, lines });
    }

    fn owned(&mut self, owner: String, visit: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.owner, owner);
        visit(self);
        self.owner = outer;
    }

    /// Where the file of `mod name;` may be.
    fn declared_files(&self, item: &syn::ItemMod) -> [String; 3] {
        let (folder, file) = self.path.rsplit_once('/').unwrap_or(("", self.path));
        let given = item.attrs.iter().find_map(|attribute| match &attribute.meta {
            syn::Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
                syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
                _ => None,
            },
            _ => None,
        });
        let below = match file {
            "mod.rs" | "lib.rs" | "main.rs" => folder.to_owned(),
            _ => format!("{folder}/{}", file.trim_end_matches(".rs")),
        };
        let name = &item.ident;
        let at_path = given.map_or(String::new(), |file| format!("{folder}/{file}"));
        [format!("{below}/{name}.rs"), format!("{below}/{name}/mod.rs"), at_path]
    }
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) if list.path.is_ident("cfg") => list.tokens.to_string() == "test",
        meta => meta.path().is_ident("test"),
    })
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attributes: &[syn::Attribute] = match item {
            syn::Item::Mod(item) => &item.attrs,
            syn::Item::Fn(item) => &item.attrs,
            syn::Item::Impl(item) => &item.attrs,
            syn::Item::Struct(item) => &item.attrs,
            syn::Item::Enum(item) => &item.attrs,
            syn::Item::Use(item) => &item.attrs,
            syn::Item::Const(item) => &item.attrs,
            syn::Item::Static(item) => &item.attrs,
            _ => &[],
        };
        if is_for_tests(attributes) {
            self.tests.push(item.span().start().line..=item.span().end().line);
            if let syn::Item::Mod(item) = item
                && item.content.is_none()
            {
                let files = self.declared_files(item);
                self.test_files.extend(files);
            }
        }
        visit::visit_item(self, item);
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        let silences = attribute.path().is_ident("allow") || attribute.path().is_ident("expect");
        if let (true, syn::Meta::List(list)) = (silences, &attribute.meta)
            && !list.tokens.to_string().contains("reason =")
        {
            self.unexplained.push(attribute.span().start().line);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.import("", &item.tree);
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let owner = match &*item.self_ty {
            syn::Type::Path(path) => path.path.segments.last().map(|segment| segment.ident.to_string()),
            _ => None,
        };
        self.owned(owner.unwrap_or_default(), |reader| visit::visit_item_impl(reader, item));
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.owned(item.ident.to_string(), |reader| visit::visit_item_trait(reader, item));
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    const EXAMPLE: &str = "\
//! Idea.
use std::{time::{self, Instant as Clock}, fs::*};
#[allow(dead_code)]
struct Spring;
impl Spring {
    fn boil(&self, child: std::process::Child) {
        assert!(time::SystemTime::now() > Clock::now());
    }
}
#[cfg(test)]
mod tests {
    fn net() { std::net::lookup() }
}
#[cfg(test)]
#[path = \"beside.rs\"]
mod more;
";

    #[test]
    fn names_are_found_through_imports_and_inside_macros_but_not_in_tests() {
        let (source, files) = parse("crates/x/src/tea.rs", EXAMPLE);
        let mentions: Vec<&str> = source.mentions.iter().map(|(_, name)| name.as_str()).collect();
        for name in [
            "std::fs::*",
            "std::time::SystemTime::now",
            "std::time::Instant::now",
            "std::process::Child",
            "assert!",
        ] {
            assert!(mentions.contains(&name), "{name} is missed: {mentions:?}");
        }
        assert!(!mentions.iter().any(|name| name.starts_with("std::net")), "{mentions:?}");
        assert!(files.contains(&"crates/x/src/beside.rs".to_owned()), "{files:?}");
        assert!(files.contains(&"crates/x/src/tea/more.rs".to_owned()), "{files:?}");
        assert_eq!(source.crate_folder(), "crates/x");
    }

    #[test]
    fn lengths_and_silenced_lints_are_seen() {
        let (source, _) = parse("crates/x/src/tea.rs", EXAMPLE);
        let functions: Vec<_> = source.functions.iter().map(|f| (f.name.as_str(), f.lines)).collect();
        assert_eq!(functions, [("Spring::boil", 3), ("net", 1)]);
        assert_eq!(source.lines(), 9, "tests are not counted");
        assert_eq!(source.unexplained, [3]);
        assert!(source.has_module_doc);
    }
}

//! Files of the library do not import each other in circles, on any level: below a module, each child
//! with all that is below it counts as one. A child may import from the file of its parent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use syn::{Item, UseTree, Visibility};

use crate::architecture::Paths;
use crate::source::{Source, sources};

/// The path of a module from the crate's root.
type ModulePath = Vec<String>;

/// The modules of the library, what they re-export, and what they import.
struct ImportGraph {
    modules: BTreeSet<ModulePath>,
    /// The path that a name re-exported by a module stands for.
    reexports: BTreeMap<(ModulePath, String), ModulePath>,
    imports: BTreeMap<ModulePath, BTreeSet<ModulePath>>,
}

impl ImportGraph {
    fn new(sources: Vec<Source>) -> Self {
        let modules = sources.iter().map(|source| source.module.clone()).collect();
        let mut graph = Self { modules, reexports: BTreeMap::new(), imports: BTreeMap::new() };
        for source in &sources {
            for item in &source.items {
                if let Item::Use(reexport) = item
                    && !matches!(reexport.vis, Visibility::Inherited)
                {
                    graph.add_reexports(&source.module, &reexport.tree, &[]);
                }
            }
        }
        for source in sources {
            // A module that re-exports its children imports nothing by that.
            let is_reexport = |item: &Item| matches!(item, Item::Use(one) if !matches!(one.vis, Visibility::Inherited));
            let items: Vec<Item> =
                source.items.into_iter().filter(|item| !is_reexport(item)).collect();
            let paths = Paths::collect(&source.module, &items);
            let targets = paths.iter().filter_map(|path| graph.file_of(&source.module, path));
            let targets = targets.filter(|target| *target != source.module).collect();
            graph.imports.insert(source.module, targets);
        }
        graph
    }

    fn add_reexports(&mut self, module: &[String], tree: &UseTree, before: &[String]) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        let mut add = |name: &syn::Ident, path: Vec<String>| {
            if let Some(path) = self.absolute(module, &path) {
                self.reexports.insert((module.to_vec(), name.to_string()), path);
            }
        };
        match tree {
            UseTree::Path(path) => self.add_reexports(module, &path.tree, &with(&path.ident)),
            UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.add_reexports(module, tree, before));
            }
            UseTree::Name(name) => add(&name.ident, with(&name.ident)),
            UseTree::Rename(rename) => add(&rename.rename, with(&rename.ident)),
            UseTree::Glob(_) => {}
        }
    }

    /// Returns a path from the crate's root, or `None` if it leads out of the crate.
    fn absolute(&self, module: &[String], path: &[String]) -> Option<Vec<String>> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => Some([module, rest].concat()),
            "super" => {
                self.absolute(module.split_last()?.1, &[&["self".to_owned()], rest].concat())
            }
            _ => {
                let child = [module, std::slice::from_ref(first)].concat();
                self.modules.contains(&child).then(|| [module, path].concat())
            }
        }
    }

    /// Returns the module in whose file the item at a path is defined.
    fn file_of(&self, module: &[String], path: &[String]) -> Option<ModulePath> {
        let mut path = self.absolute(module, path)?;
        for _ in 0..8 {
            let prefix = (0..=path.len()).rev().map(|length| path[..length].to_vec());
            let defined_in = prefix.into_iter().find(|prefix| self.modules.contains(prefix))?;
            let Some(name) = path.get(defined_in.len()) else { return Some(defined_in) };
            match self.reexports.get(&(defined_in.clone(), name.clone())) {
                Some(target) => path = [target, &path[defined_in.len() + 1..]].concat(),
                None => return Some(defined_in),
            }
        }
        None
    }

    /// Returns the imports between the children of a module, each with its descendants.
    fn child_imports(&self, parent: &[String]) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut imports: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (module, targets) in &self.imports {
            let Some(name) = child_of(parent, module) else { continue };
            let imported = targets
                .iter()
                .filter_map(|target| child_of(parent, target))
                .filter(|target| *target != name);
            imports.entry(name).or_default().extend(imported);
        }
        imports
    }
}

/// The library's imports, found once for all tests.
static LIBRARY: LazyLock<ImportGraph> = LazyLock::new(|| ImportGraph::new(sources()));

/// Returns the name of the child of `parent` that a module is or is below.
fn child_of<'module>(parent: &[String], module: &'module ModulePath) -> Option<&'module str> {
    module.strip_prefix(parent)?.first().map(String::as_str)
}

/// Returns the names that are on a circle: what remains when those without imports, or imported by
/// none, are removed again and again.
fn names_on_circles<'name>(
    mut imports: BTreeMap<&'name str, BTreeSet<&'name str>>,
) -> BTreeMap<&'name str, BTreeSet<&'name str>> {
    loop {
        let imported: BTreeSet<&str> = imports.values().flatten().copied().collect();
        let before = imports.clone();
        imports.retain(|name, targets| imported.contains(name) && !targets.is_empty());
        for targets in imports.values_mut() {
            targets.retain(|target| before.contains_key(target));
        }
        let kept: BTreeSet<&str> = imports.keys().copied().collect();
        for targets in imports.values_mut() {
            targets.retain(|target| kept.contains(target));
        }
        if imports == before {
            return imports;
        }
    }
}

#[test]
fn files_import_each_other_in_no_circle() {
    assert_no_circles(&LIBRARY);
}

/// Asserts that files of a source do not import each other in circles.
pub(crate) fn assert_no_circles_in(sources: Vec<Source>) {
    assert_no_circles(&ImportGraph::new(sources));
}

fn assert_no_circles(graph: &ImportGraph) {
    for parent in &graph.modules {
        let circles = names_on_circles(graph.child_imports(parent));
        assert!(circles.is_empty(), "circles below crate::{}: {circles:#?}", parent.join("::"));
    }
}

#[test]
fn a_circle_is_found() {
    let imports = [("a", "b"), ("b", "c"), ("c", "b"), ("c", "d")];
    let mut graph: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (importer, imported) in imports {
        graph.entry(importer).or_default().insert(imported);
    }
    let circle = names_on_circles(graph);
    assert_eq!(circle.keys().copied().collect::<Vec<_>>(), ["b", "c"]);
}

#[test]
fn imports_through_a_reexport_lead_to_the_file_of_the_item() {
    let path = ["crate", "model", "Run"].map(str::to_owned);
    assert_eq!(
        LIBRARY.file_of(&["ui".to_owned()], &path),
        Some(vec!["model".into(), "run".into()])
    );
}

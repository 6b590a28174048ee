//! `use path::{Event, …};`: events that another `voxtra!` declares.

use syn::{Attribute, Ident, ItemUse, Token, UseTree, ext::IdentExt, parse::ParseStream};

use super::ImportDecl;
use crate::errors::Errors;

/// Whether an import comes next, perhaps behind its attributes.
pub(super) fn peek(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    ahead.call(Attribute::parse_outer).is_ok()
        && (ahead.peek(Token![use]) || ahead.peek(Token![pub]))
}

pub(super) fn parse(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<ImportDecl> {
    let item: ItemUse = input.parse()?;
    let mut names = Vec::new();
    collect(&item.tree, &mut names, errors);
    Ok(ImportDecl { item, names })
}

fn collect(tree: &UseTree, into: &mut Vec<Ident>, errors: &mut Errors) {
    match tree {
        UseTree::Path(path) => collect(&path.tree, into, errors),
        UseTree::Name(name) => into.push(name.ident.unraw()),
        UseTree::Rename(rename) => into.push(rename.rename.unraw()),
        UseTree::Group(group) => group
            .items
            .iter()
            .for_each(|tree| collect(tree, into, errors)),
        UseTree::Glob(glob) => {
            errors.over(glob, "name the events that are used here, so that a misspelt one can be told from the others");
        }
    }
}

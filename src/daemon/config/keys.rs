//! What the template, `simbridge config` and a reload know of a key of the configuration: its
//! shape, and when a change takes effect.

use super::groups::GROUPS;

/// What a section is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `[name]`.
    Table,
    /// `[[name]]`, as often as there are such things.
    List,
    /// `[name]` whose keys have any name; those here are the ones with a default, or examples.
    Named,
    /// `[name.…]`: the last part is any name; the one here is an example.
    Example,
}

/// A section and its keys.
#[derive(Debug)]
pub struct Group {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// What it is for.
    pub about: &'static str,
    /// Its keys.
    pub keys: &'static [Key],
}

/// A key.
#[derive(Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What holds when the file says nothing, or an example.
    pub value: Value,
    /// What it does.
    pub about: &'static str,
    /// When a change takes effect.
    pub takes_effect: TakesEffect,
}

/// A key's value, as TOML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// What holds when the file says nothing.
    Default(&'static str),
    /// Nothing holds then; this is an example.
    Example(&'static str),
}

/// When a change takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakesEffect {
    /// With a reload.
    Reload,
    /// With a restart.
    Restart,
}

/// When a change of a key takes effect; of a key that is not here, with a restart.
pub fn takes_effect(group: &str, name: &str) -> TakesEffect {
    let is = |known: &&Group| match known.kind {
        // `countries.DE` stands for all countries.
        Kind::Example => known.name.split('.').next() == group.split('.').next(),
        _ => known.name == group,
    };
    let Some(group) = GROUPS.iter().find(is) else { return TakesEffect::Restart };
    match group.keys.iter().find(|key| key.name == name) {
        Some(key) => key.takes_effect,
        None if group.kind == Kind::Named => TakesEffect::Reload,
        None => TakesEffect::Restart,
    }
}

//! Services.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::super::catalogue_file::{
    DeclaredService, parse_charge_on, parse_code, parse_fivesim_name, parse_price,
};
use super::{AdminState, Answer, ListQuery, views};
use crate::domain::{Currency, Service};
use crate::gateway::{Error, ImportMode, PatternEdit, ServiceChange, ServiceEdit};

pub(super) use super::super::catalogue_file::parse_amount;

pub(super) async fn list(
    State(admin): State<AdminState>,
    Query(query): Query<ListQuery>,
) -> Answer {
    let (request, page) = query.for_whole_list(&["country", "state"])?;
    let services = admin.gateway.services().search(request).await?;
    let services = page.cut(services, |service| service.id.0.to_string())?;
    let figures = admin.gateway.health().services().await?;
    let currency = admin.gateway.currency();
    let view = |service: &Service| {
        let of_service = figures.get(&service.id).copied().unwrap_or_default();
        views::service_with_figures(service, of_service, currency)
    };
    Ok(Json(services.iter().map(view).collect()))
}

pub(super) async fn add(
    State(admin): State<AdminState>,
    Json(declared): Json<DeclaredService>,
) -> Answer {
    let currency = admin.gateway.currency();
    let added = admin.gateway.services().add(declared.read(currency)?).await?;
    Ok(Json(views::service(&added, currency)))
}

/// What is to change of a service; what is left out stays. Of `countries`, the two terms of
/// reuse, `charge_on` and the names on other markets, null stands for what holds without a value of
/// its own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Edited {
    price: Option<String>,
    #[serde(default)]
    countries: BTreeMap<String, Option<String>>,
    priority: Option<i64>,
    #[serde(default, deserialize_with = "given")]
    reuse_window_seconds: Option<Option<u64>>,
    #[serde(default, deserialize_with = "given")]
    reuse_price_percent: Option<Option<u32>>,
    #[serde(default, deserialize_with = "given")]
    charge_on: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    code: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    fivesim: Option<Option<String>>,
    #[serde(default)]
    senders: PatternsEdited,
    #[serde(default)]
    texts: PatternsEdited,
}

/// Tells null from a member that is left out.
pub(super) fn given<'d, D: Deserializer<'d>, T: Deserialize<'d>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// Parses a word that is given and is not null.
fn parse_given<T>(
    word: Option<Option<String>>,
    parse: fn(&str) -> Result<T, Error>,
) -> Result<Option<Option<T>>, Error> {
    word.map(|word| word.as_deref().map(parse).transpose()).transpose()
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct PatternsEdited {
    replace: Vec<String>,
    add: Vec<String>,
    remove: Vec<String>,
}

impl From<PatternsEdited> for PatternEdit {
    fn from(edited: PatternsEdited) -> PatternEdit {
        let PatternsEdited { replace, add, remove } = edited;
        PatternEdit { replace, add, remove }
    }
}

impl Edited {
    fn read(self, currency: Currency) -> Result<ServiceEdit, Error> {
        let edited = self;
        let price = |text: &str| parse_price(text, currency);
        let country_prices = edited
            .countries
            .into_iter()
            .map(|(country, text)| Ok((country, text.as_deref().map(price).transpose()?)));
        let window = edited.reuse_window_seconds;
        Ok(ServiceEdit {
            price: edited.price.map(|text| parse_amount(&text, currency)).transpose()?,
            country_prices: country_prices.collect::<Result<_, Error>>()?,
            priority: edited.priority,
            reuse_window: window.map(|seconds| seconds.map(Duration::from_secs)),
            reuse_price_percent: edited.reuse_price_percent,
            charge_on: parse_given(edited.charge_on, parse_charge_on)?,
            code: parse_given(edited.code, parse_code)?,
            fivesim: parse_given(edited.fivesim, parse_fivesim_name)?,
            senders: edited.senders.into(),
            texts: edited.texts.into(),
        })
    }
}

/// Changes a service. The answer is the service, and in `changes` what was changed in words.
pub(super) async fn edit(
    State(admin): State<AdminState>,
    Path(service): Path<String>,
    Json(edited): Json<Edited>,
) -> Answer {
    let currency = admin.gateway.currency();
    let edit = edited.read(currency)?;
    let (service, changes) = admin.gateway.services().edit(service, edit).await?;
    let mut view = views::service(&service, currency);
    if let Some(members) = view.as_object_mut() {
        members.insert("changes".to_owned(), words(&changes, &admin));
    }
    Ok(Json(view))
}

fn words(changes: &[ServiceChange], admin: &AdminState) -> Value {
    let settings = admin.gateway.settings();
    let in_words = |change: &ServiceChange| change.in_words(settings.currency, &settings.countries);
    changes.iter().map(in_words).collect()
}

pub(super) async fn remove(State(admin): State<AdminState>, Path(service): Path<String>) -> Answer {
    let removed = admin.gateway.services().remove(service).await?;
    Ok(Json(json!({ "removed": removed.name, "id": removed.id.0 })))
}

#[derive(Deserialize)]
pub(super) struct Enabled {
    enabled: bool,
}

pub(super) async fn enable(
    State(admin): State<AdminState>,
    Path(service): Path<String>,
    Json(Enabled { enabled }): Json<Enabled>,
) -> Answer {
    let service = admin.gateway.services().set_enabled(service, enabled).await?;
    Ok(Json(views::service(&service, admin.gateway.currency())))
}

#[derive(Deserialize)]
pub(super) struct Declarations {
    services: Vec<DeclaredService>,
    #[serde(default)]
    mode: ImportedAs,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
enum ImportedAs {
    #[default]
    AddPatterns,
    TakePrices,
    Replace,
}

pub(super) async fn import(
    State(admin): State<AdminState>,
    Json(all): Json<Declarations>,
) -> Answer {
    let currency = admin.gateway.currency();
    let services = all.services.into_iter().map(|declared| declared.read(currency));
    let services = services.collect::<Result<Vec<_>, Error>>()?;
    let mode = match all.mode {
        ImportedAs::AddPatterns => ImportMode::AddPatterns,
        ImportedAs::TakePrices => ImportMode::TakePrices,
        ImportedAs::Replace => ImportMode::Replace,
    };
    let imported = admin.gateway.services().import(services, mode, all.dry_run).await?;
    let changed = imported.services.iter().filter(|(_, changes)| !changes.is_empty());
    let changed: Vec<Value> = changed
        .map(|(service, changes)| json!({ "service": service, "changes": words(changes, &admin) }))
        .collect();
    Ok(Json(json!({
        "added": imported.added(),
        "updated": imported.updated(),
        "dry_run": all.dry_run,
        "changed": changed,
    })))
}

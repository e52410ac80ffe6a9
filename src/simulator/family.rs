//! The families of modems, each described by a file: its identity, its commands, and the lines that
//! it sends unsolicited.

use super::error::SimulatorError;
use super::modem_plan::ModemPlan;
use super::scenario::explain;

macro_rules! families {
    ($($name:literal),* $(,)?) => {
        /// Name and text of each file in `families/`.
        const FILES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("families/", $name, ".toml")))),*];
    };
}

families!(
    "generic",
    "cinterion-ehs5",
    "cinterion-pls63",
    "fibocom-fm350",
    "gosuncn-me3630",
    "huawei-e173",
    "huawei-e3372",
    "huawei-me909",
    "quectel-ec25",
    "quectel-rm520n",
    "quectel-uc20",
    "siemens-mc55",
    "sierra-em7565",
    "sierra-hl78",
    "simcom-a7670",
    "simcom-sim7600",
    "simcom-sim800",
    "simcom-sim8200",
    "telit-le910",
    "ublox-sara-u2",
    "wavecom-q2406",
    "zte-mf6280",
);

/// The names that a scenario's `family` can have.
pub fn families() -> impl Iterator<Item = &'static str> + Clone {
    FILES.iter().map(|(name, _)| *name)
}

/// The content of a family's file.
pub(super) fn plan(name: &str) -> Result<ModemPlan, SimulatorError> {
    let Some((_, text)) = FILES.iter().find(|(known, _)| *known == name) else {
        let nearest = families()
            .max_by(|a, b| strsim::jaro_winkler(name, a).total_cmp(&strsim::jaro_winkler(name, b)));
        let nearest = nearest.unwrap_or_default();
        return Err(SimulatorError::Scenario(format!(
            "there is no family `{name}`; did you mean `{nearest}`?"
        )));
    };
    toml::from_str(text)
        .map_err(|error| SimulatorError::Scenario(format!("family {name}: {}", explain(&error))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_names_its_model_and_where_its_facts_are_from() {
        for name in families() {
            let plan = plan(name).unwrap();
            assert!(plan.model.is_some() || name == "generic", "{name}");
            assert!(
                plan.source.iter().all(|source| source.len() > 10) && !plan.source.is_empty(),
                "{name}"
            );
        }
    }
}

//! All profiles: those of the operator's own files, and the embedded ones.

use std::sync::{Arc, LazyLock};

use super::{Profile, ProfileError};

/// The files of `hardware/modems` that are part of the program, by name.
const FILES: &[(&str, &str)] = &[
    ("cinterion.toml", include_str!("../../../hardware/modems/cinterion.toml")),
    ("generic.toml", include_str!("../../../hardware/modems/generic.toml")),
    ("huawei-k3765.toml", include_str!("../../../hardware/modems/huawei-k3765.toml")),
    ("huawei-module.toml", include_str!("../../../hardware/modems/huawei-module.toml")),
    ("huawei-mu736.toml", include_str!("../../../hardware/modems/huawei-mu736.toml")),
    ("huawei-stick.toml", include_str!("../../../hardware/modems/huawei-stick.toml")),
    ("quectel-ec2x.toml", include_str!("../../../hardware/modems/quectel-ec2x.toml")),
    ("quectel-m95.toml", include_str!("../../../hardware/modems/quectel-m95.toml")),
    ("quectel-uc20.toml", include_str!("../../../hardware/modems/quectel-uc20.toml")),
    ("sierra.toml", include_str!("../../../hardware/modems/sierra.toml")),
    ("simcom-a76xx.toml", include_str!("../../../hardware/modems/simcom-a76xx.toml")),
    ("simcom-sim7600.toml", include_str!("../../../hardware/modems/simcom-sim7600.toml")),
    ("simcom-sim800.toml", include_str!("../../../hardware/modems/simcom-sim800.toml")),
    ("telit-le910.toml", include_str!("../../../hardware/modems/telit-le910.toml")),
    ("ublox.toml", include_str!("../../../hardware/modems/ublox.toml")),
    ("wavecom.toml", include_str!("../../../hardware/modems/wavecom.toml")),
    ("zte.toml", include_str!("../../../hardware/modems/zte.toml")),
];

/// The embedded profiles, parsed once. A test makes sure that every file can be parsed.
static EMBEDDED: LazyLock<Vec<Arc<Profile>>> = LazyLock::new(|| {
    FILES.iter().filter_map(|(file, text)| Profile::parse(file, text).ok()).map(Arc::new).collect()
});

/// The profiles from which the one for a modem is chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// The profiles of the operator's own files, which come before the embedded ones.
    own: Vec<Arc<Profile>>,
}

impl Catalogue {
    /// Makes a catalogue with the operator's own files, given by name and text. Files that cannot
    /// be used are left out; what is wrong with them is returned.
    pub fn with_own<'a>(
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> (Catalogue, Vec<(String, ProfileError)>) {
        let mut faults = Vec::new();
        let mut own = Vec::new();
        for (name, text) in files {
            match Profile::parse(name, text) {
                Ok(profile) => own.push(Arc::new(profile)),
                Err(error) => faults.push((name.to_owned(), error)),
            }
        }
        (Catalogue { own }, faults)
    }

    /// The profile that fits best the manufacturer and model that a modem reports: one of the
    /// operator's own, else an embedded one, else the generic one.
    pub fn choose(&self, manufacturer: &str, model: &str) -> Arc<Profile> {
        let best = |profiles: &[Arc<Profile>]| {
            let fitting = profiles
                .iter()
                .filter_map(|profile| Some((profile.fits(manufacturer, model)?, profile)));
            fitting.max_by_key(|(letters, _)| *letters).map(|(_, profile)| Arc::clone(profile))
        };
        best(&self.own).or_else(|| best(&EMBEDDED)).unwrap_or_default()
    }

    /// The profile of the file with this name or, failing that, with this title, in any case of the
    /// letters.
    pub fn named(&self, name: &str) -> Option<Arc<Profile>> {
        let by_name = self.all().find(|profile| profile.name.eq_ignore_ascii_case(name));
        let by_title = || self.all().find(|profile| profile.title.eq_ignore_ascii_case(name));
        by_name.or_else(by_title).cloned()
    }

    /// The profile for a modem whose model is not known yet.
    pub fn generic() -> Arc<Profile> {
        Catalogue::default().named("generic").unwrap_or_default()
    }

    /// The beginnings of lines by which any of these models says that its supply voltage is out of
    /// range.
    pub fn voltage_lines(&self) -> Vec<String> {
        let mut lines: Vec<String> =
            self.all().flat_map(|profile| &profile.voltage).cloned().collect();
        lines.sort_unstable();
        lines.dedup();
        lines
    }

    /// All profiles, the operator's own first.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Profile>> {
        self.own.iter().chain(EMBEDDED.iter())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The names of the files in a folder of `hardware/`, sorted.
    pub(crate) fn shipped(folder: &str) -> Vec<String> {
        let hardware = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("hardware");
        let files = std::fs::read_dir(hardware.join(folder)).unwrap();
        let names = files.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name.ends_with(".toml")).collect();
        names.sort();
        names
    }

    #[test]
    fn every_embedded_file_can_be_read_names_its_sources_and_is_in_the_list() {
        for (name, text) in FILES {
            let profile =
                Profile::parse(name, text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(!profile.sources.is_empty(), "{name}");
        }
        assert_eq!(shipped("modems"), FILES.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    }

    #[test]
    fn each_family_finds_its_profile_by_what_its_modems_say() {
        let table = [
            ("Quectel", "EC25", "quectel-ec2x"),
            ("Quectel", "UC20", "quectel-uc20"),
            ("Quectel_Ltd", "Quectel_M95", "quectel-m95"),
            ("SIMCOM_Ltd", "SIMCOM_SIM800C", "simcom-sim800"),
            ("SIMCOM INCORPORATED", "SIMCOM_SIM7600E-H", "simcom-sim7600"),
            ("INCORPORATED", "A7670E-FASE", "simcom-a76xx"),
            ("huawei", "E173", "huawei-stick"),
            ("huawei", "E3372", "huawei-stick"),
            ("huawei", "K3715", "huawei-stick"),
            ("huawei", "K3765", "huawei-k3765"),
            ("Huawei Technologies Co., Ltd.", "ME909s-120", "huawei-module"),
            ("huawei", "MU509", "huawei-module"),
            ("ZTE INCORPORATED", "MF190", "zte"),
            ("GOSUNCNWELINK", "ME3630", "zte"),
            ("Telit", "LE910-EU V2", "telit-le910"),
            ("Cinterion", "EHS6", "cinterion"),
            ("SIEMENS", "MC35i", "cinterion"),
            ("WAVECOM MODEM", "MULTIBAND  900E  1800", "wavecom"),
            ("Sierra Wireless, Incorporated", "MC7455", "sierra"),
            ("u-blox", "SARA-U201", "ublox"),
            ("Acme", "Anything", "generic"),
        ];
        for (manufacturer, model, name) in table {
            assert_eq!(
                Catalogue::default().choose(manufacturer, model).name,
                name,
                "{manufacturer} {model}"
            );
        }
    }

    #[test]
    fn the_operators_own_file_comes_before_an_embedded_one() {
        let own = "name = \"mine\"\nmanufacturer = [\"Quectel\"]\nmodel = [\"*\"]\n";
        let (catalogue, faults) =
            Catalogue::with_own([("mine.toml", own), ("bad.toml", "nmae = 1")]);
        assert_eq!(catalogue.choose("Quectel", "EC25").name, "mine");
        assert_eq!(catalogue.choose("Telit", "LE910").name, "telit-le910");
        assert_eq!(faults.len(), 1);
        assert_eq!(catalogue.named("u-blox").unwrap().name, "ublox");
    }
}

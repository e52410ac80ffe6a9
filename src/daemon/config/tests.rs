use std::time::Duration;

use super::*;
use crate::domain::Currency;
use crate::store::postgres::Upgrade;

fn faults(text: &str) -> Vec<String> {
    let faults = Config::parse(text).unwrap_err();
    faults.iter().map(|fault| format!("{}: {}", fault.line, fault.text)).collect()
}

#[test]
fn everything_but_the_ports_has_a_default() {
    let config = Config::parse("").unwrap();
    assert_eq!(config.http.listen.to_string(), "127.0.0.1:8080");
    let path = Path::new("/var/lib/simbridge/simbridge.db");
    assert_eq!(config.database.path(), Some(path));
    assert_eq!(config.gateway.order_lifetime, Duration::from_secs(600));
    assert_eq!((config.modems.len(), config.gateway.currency), (0, Currency::USD));
}

#[test]
fn what_the_file_sets_is_read() {
    let config = Config::parse(
        r#"
        [http]
        listen = "[::1]:9000"
        [[modem]]
        port = "/dev/ttyUSB*"
        baud = 9600
        [[modem]]
        port = "/dev/ttyS0"
        [orders]
        lifetime = "90s"
        max_open_per_account = 5
        share_sim = false
        number_format = "international"
        reuse_window = "2h"
        reuse_price_percent = 30
        number_cooldown = "90d"
        [numbers]
        ussd = false
        loopback = true
        [rentals]
        rest = "1d"
        [rentals.packages]
        1m = "20.00 EUR"
        6m = "off"
        2y = "99.00 GBP"
        [money]
        currency = "EUR"
        [money.rates]
        GBP = "1.15"
        [retention]
        message_text = "1h"
        [limits]
        key_per_second = 0
        [block_list]
        shipped = false
        senders = ["^Acme$"]
        [countries.DE]
        calling_code = "49"
        trunk = "0"
        mobile_codes = [262]
        [log]
        level = "debug"
        format = "json"
        "#,
    )
    .unwrap();
    let ports: Vec<_> = config
        .modems
        .iter()
        .map(|modem| (modem.port.to_string(), modem.baud, modem.line))
        .collect();
    let named = |port: &str, baud, line| (port.to_owned(), baud, line);
    assert_eq!(ports, [named("/dev/ttyUSB*", 9600, 4), named("/dev/ttyS0", 115_200, 7)]);
    assert_eq!(config.gateway.max_open_per_account, 5);
    assert!(config.gateway.international_numbers && !config.gateway.share_sim);
    let orders = &config.gateway;
    assert_eq!((orders.reuse_window.as_secs(), orders.reuse_price_percent), (7200, 30));
    assert_eq!(orders.number_cooldown, Some(Duration::from_secs(90 * 24 * 3600)));
    let price = |name: &str| {
        let (_, charge) = config.gateway.packages.find(name)?;
        Some(config.gateway.currency.text(charge.amount))
    };
    assert_eq!(
        ["1m", "3m", "6m", "2y"].map(price),
        [Some("20.00"), Some("30.00"), None, Some("113.85")].map(|p| p.map(str::to_owned))
    );
    assert_eq!(
        (config.gateway.rental_rest.as_secs(), config.gateway.text_kept.as_secs()),
        (24 * 3600, 3600)
    );
    assert_eq!((config.limits.key_per_second, config.limits.failed_keys_per_minute), (0, 300));
    assert_eq!(config.gateway.block_list.rule("acme", ""), Some("own sender ^Acme$"));
    assert_eq!(config.gateway.block_list.rule("Rabobank", ""), None);
    assert_eq!(config.gateway.countries.find("de").unwrap().mobile_codes, [262]);
    assert_eq!(config.log.format, LogFormat::Json);
    assert!(!config.gateway.ask_ussd && config.gateway.ask_loopback);
}

#[test]
fn each_fault_is_reported_with_its_line_and_what_would_be_right() {
    for (text, expected) in [
        (
            "[http]\nlissten = \"x\"",
            &["2: unknown key `lissten` in [http]; did you mean `listen`?"][..],
        ),
        ("[htpp]\n", &["1: unknown key `htpp`; did you mean `http`?"]),
        (
            "[zzzzzzzzzz]\n",
            &["1: unknown key `zzzzzzzzzz`; there are `admin`, `bank`, `block_list`, \
               `cluster`, `console`, `countries`, `database`, `events`, `hardware`, `health`, \
               `http`, `limits`, `log`, `market`, `modem`, `money`, `notify`, `numbers`, `orders`, \
               `portal`, `recovery`, `rentals`, `retention`, `site`, `sites`, `webhooks`"],
        ),
        ("[http]\nlisten = 8080", &["2: `listen` must be a text in quotes"]),
        (
            "[http]\nlisten = \"8080\"",
            &["2: `listen` must be an address and port like \"127.0.0.1:8080\""],
        ),
        (
            "[[modem]]\nbaud = 9600",
            &["1: a [[modem]] needs port = \"/dev/…\", a path, a glob or an address"],
        ),
        (
            "[[modem]]\nport = \"tcp://127.0.0.1:70*\"",
            &["2: \"tcp://127.0.0.1:70*\": an address stands for one port; only a path can be a \
               glob"],
        ),
        (
            "[[modem]]\nport = \"rfc2217://pool.example:7001\"",
            &["2: \"rfc2217://pool.example:7001\" is not on this machine, and nothing encrypts \
               what is said there, neither texts nor PINs: name the end of a tunnel, such as \
               \"rfc2217://127.0.0.1:7001\", or set insecure = true if nobody else can read or \
               reach that network"],
        ),
        ("[modem]\nport = \"/dev/x\"", &["1: `modem` is a list: write [[modem]]"]),
        ("[[modem]]\nport = \"/dev/x\"\nbaud = 1", &["3: `baud` must be from 300 to 4000000"]),
        (
            "[orders]\nlifetime = \"10 parsecs\"",
            &["2: `lifetime` must be a time like \"10m\" or \"4h\", at most \"1d\""],
        ),
        (
            "[orders]\nlifetime = \"25h\"",
            &["2: `lifetime` must be a time like \"10m\" or \"4h\", at most \"1d\""],
        ),
        (
            "[rentals]\nrest = \"200000 years\"",
            &["2: `rest` must be a time like \"10m\", \"4h\" or \"30d\", at most 100 years"],
        ),
        (
            "[[modem]]\nport = \"/dev/**/tty*\"",
            &["2: `**` would search whole trees: name the folder of the ports"],
        ),
        ("[orders]\nshare_sim = 1", &["2: `share_sim` must be true or false"]),
        (
            "[log]\nlevel = \"loud\"",
            &["2: `level` must be one of \"error\", \"warn\", \"info\", \"debug\", \"trace\""],
        ),
        ("[money]\ncurrency = \"euro\"", &["2: a currency is three capital letters like \"USD\""]),
        (
            "[orders]\nreuse_price_percent = 2000",
            &["2: `reuse_price_percent` must be from 0 to 1000"],
        ),
        (
            "[orders]\nnumber_cooldown = \"soon\"",
            &["2: `number_cooldown` must be a time like \"90d\", at most 100 years, or \"never\""],
        ),
        (
            "[rentals.packages]\n5w = \"1.00 EUR\"",
            &["2: a package is months or years like \"3m\" or \"1y\""],
        ),
        (
            "[rentals.packages]\n1m = 15",
            &["2: a package's price is a text like \"15.00 EUR\", or \"off\""],
        ),
        (
            "[rentals.packages]\n1m = \"15.00 GBP\"",
            &["2: [money.rates] needs GBP = \"…\", or use another currency"],
        ),
        (
            "[recovery]\npower_cycle = [\"hub\", \"{bus}\"]",
            &["2: `power_cycle`: there is no {bus}; there are {usb}, {hub}, {hub_port}, \
               {port}"],
        ),
        (
            "[money]\ncurrency = \"JPY\"\n[limits]\nspend_per_day = \"50.00\"",
            &["4: `spend_per_day` must be an amount like \"50\", or \"off\""],
        ),
        (
            "[events]\nbalance_low = \"-5\"",
            &["2: `balance_low` must be an amount like \"50.00\", or \"off\""],
        ),
        (
            "[webhooks]\nallow = [\"10.0.0.0/8\"]",
            &["2: `allow` must be a list like [\"http://10.0.0.0/8\"]: schemes with networks"],
        ),
        ("[money]\ndecimals = 5", &["2: `decimals` must be from 0 to 4"]),
        (
            "[rentals.packages]\n1m = \"2500.00 JPY\"\n[money.rates]\nJPY = \"0.0065\"",
            &["2: JPY has no decimals: write it like 12"],
        ),
        ("[money.rates]\nEUR = \"0\"", &["2: a rate is written like EUR = \"1.08\""]),
        ("[limits]\nkey_per_second = -1", &["2: `key_per_second` must be from 0 to 1000000"]),
        ("[countries.GB]\ncalling_code = \"44\"", &["1: the country code GB is already in use"]),
        (
            "http = 3\n[orders]\nmax_open_per_account = 0",
            &[
                "1: `http` is a section: write [http]",
                "3: `max_open_per_account` must be from 1 to 1000000",
            ],
        ),
    ] {
        assert_eq!(faults(text), expected, "{text}");
    }
}

#[test]
fn invalid_toml_is_reported_with_its_line() {
    let faults = faults("[http]\nlisten = \n");
    assert!(faults.iter().all(|fault| fault.starts_with("2: not TOML: ")), "{faults:?}");
}

#[test]
fn a_line_that_is_not_toml_hides_no_other_fault() {
    let faults = faults("[http]\nlisten = \n[orders]\nlifetime = 10\n");
    assert!(faults.contains(&"4: `lifetime` must be a text in quotes".to_owned()), "{faults:?}");
    assert!(
        faults.iter().all(|fault| fault.starts_with("2: not TOML: ") || fault.starts_with("4: ")),
        "{faults:?}"
    );
}

#[test]
fn a_value_is_certain_unless_a_fault_may_hide_what_was_intended() {
    for (text, is_certain) in [
        ("", true),
        ("[admin]\nsocket = \"/x\"\nsockett = 1", true),
        ("[htpp]\n[admin]\nsocket = \"/x\"", true),
        ("[http]\nlissten = 1", true),
        ("[http\n[admin]\nsocket = \"/x\"", true),
        ("[admin]\nsockett = \"/x\"", false),
        ("[admin]\nsocket = 1", false),
        ("[amdin]\nsocket = \"/x\"", false),
        ("admin = 1", false),
        ("[http\n", false),
    ] {
        assert_eq!(Config::inspect_text(text).is_certain("admin", "socket"), is_certain, "{text}");
    }
}

#[test]
fn what_is_rented_out_at_which_prices_and_rate_is_told_and_one_line_ends_it() {
    for (text, sales) in [
        (
            "",
            "rentals are on sale: 1m 15.00 EUR (16.20 USD), 3m 30.00 EUR (32.40 USD), 6m 50.00 EUR \
             (54.00 USD), 1y 70.00 EUR (75.60 USD); 1 EUR = 1.08 USD; `[rentals] enabled = false` \
             ends that",
        ),
        (
            "[rentals.packages]\n1m = \"9.00 USD\"\n3m = \"off\"\n6m = \"off\"\n1y = \"off\"",
            "rentals are on sale: 1m 9.00 USD; `[rentals] enabled = false` ends that",
        ),
        ("[rentals]\nenabled = false", "no rentals are on sale"),
        (
            "[rentals]\nenabled = false\n[rentals.packages]\n2y = \"9.00 EUR\"",
            "no rentals are on sale",
        ),
        (
            "[money]\ncurrency = \"EUR\"\n[rentals]\nenabled = true\n[rentals.packages]\n3m = \
             \"off\"\n6m = \"off\"\n1y = \"off\"",
            "rentals are on sale: 1m 15.00 EUR; `[rentals] enabled = false` ends that",
        ),
    ] {
        assert_eq!(Config::parse(text).unwrap().rentals_on_sale(), sales, "{text}");
    }
    for wrong in ["enabled = \"no\"", "enabled = 0", "enable = false"] {
        assert!(Config::parse(&format!("[rentals]\n{wrong}")).is_err(), "{wrong}");
    }
}

#[test]
fn the_documents_have_the_defaults() {
    let config = Config::defaults();
    let (settings, limits) = (&config.gateway, config.limits);
    let customers = include_str!("../../../docs/customer-api.md");
    let operators = include_str!("../../../docs/operators-guide.md");
    // As the documents write them: 5000 as 5 000.
    let spaced = |number: u32| match (number / 1000, number % 1000) {
        (0, rest) => rest.to_string(),
        (thousands, rest) => format!("{thousands} {rest:03}"),
    };
    assert_eq!(settings.reuse_price_percent, 50, "half the price");
    for text in [
        format!("prices of orders | {} |", settings.currency),
        format!("collects further ones | {} minutes |", settings.order_lifetime.as_secs() / 60),
        format!("open orders at a time | {} |", settings.max_open_per_account),
        format!("for {} hours, at half the price", settings.reuse_window.as_secs() / 3600),
        format!("{} a second with one key", spaced(limits.key_per_second)),
        format!(
            "{} from one address, {} a minute with wrong keys",
            spaced(limits.address_per_second),
            limits.failed_keys_per_minute
        ),
        format!(
            "{} with one key, {} from one address |",
            spaced(limits.connections_per_key),
            spaced(limits.connections_per_address)
        ),
        format!("for more than {} changes a minute", limits.edits_per_minute),
    ] {
        assert!(customers.contains(&text), "{text}");
    }
    let markets = include_str!("../../../docs/market-protocols.md");
    let minutes = |time: Duration| time.as_secs() / 60;
    let lifetimes = format!(
        "{} minutes from the purchase through `handler_api`, {} through 5sim's protocol",
        minutes(settings.market.lifetime),
        minutes(settings.market.fivesim_lifetime)
    );
    assert!(markets.contains(&lifetimes), "{lifetimes}");
    assert_eq!(settings.market.default_country, "NL", "the Netherlands (48)");
    let sold = settings.packages.on_sale();
    assert_eq!(sold.len(), 4);
    for (package, charge) in sold {
        let (amount, rate) = (charge.price.currency.text(charge.price.amount), charge.rate);
        for page in [customers, operators] {
            assert!(page.contains(&amount), "{package} {amount}");
            assert!(page.contains(&format!("at {rate} USD for a euro")), "{rate}");
        }
    }
}

#[test]
fn a_site_has_only_what_is_a_sites() {
    let fingerprint = "0F:".repeat(32);
    let site = format!(
        "[site]\nname = \"ams\"\ncentral = [\"a.example:8443\", \"[::1]:8443\"]\n\
         fingerprints = [\"{}\"]\nkey_file = \"credential:site\"\n",
        fingerprint.trim_end_matches(':')
    );
    let allowed = "[[modem]]\nport = \"/dev/a\"\n[admin]\nsocket = \"/run/a\"\n\
                   [hardware]\nfolder = \"/etc/h\"\n[recovery]\nusb_rebind = true\n\
                   [log]\nlevel = \"debug\"\n[orders]\n";
    let config = Config::parse(&format!("{site}{allowed}")).unwrap();
    let read = config.site.unwrap();
    assert_eq!(
        (read.name.as_str(), &read.central),
        ("ams", &vec!["a.example:8443".to_owned(), "[::1]:8443".to_owned()])
    );
    assert_eq!(read.fingerprints, [[0x0f; 32]]);
    assert_eq!(config.sites.silent_after, Duration::from_secs(15));

    let with_orders = format!("{site}[orders]\nlifetime = \"5m\"\n");
    let refused = "6: a site has no [orders]: that is the central daemon's; remove it, or [site]";
    assert_eq!(faults(&with_orders), [refused]);
    assert_eq!(
        faults("[site]\nname = \"Ams\"\ncentral = [\"a.example\"]\nfingerprints = [\"41b2\"]"),
        [
            "1: [site] needs `key_file`",
            "2: `name` must be 1 to 32 small letters, digits and hyphens, like \"ams\"",
            "3: `central` must be a list of hosts with ports like [\"central.example.org:8443\"]",
            "4: `fingerprints` must be a list of fingerprints of 64 hexadecimal digits, as \
             `simbridge site certificate` shows them",
        ]
    );
}

#[test]
fn a_database_is_a_file_or_on_a_server() {
    let config = Config::parse("[database]\npath = \"/a/b.db\"\n").unwrap();
    assert_eq!(config.database.path(), Some(Path::new("/a/b.db")));
    let on_server = |rest: &str| {
        format!("[database]\nurl = \"postgres://simbridge@db-a,db-b:5433/ledger\"\n{rest}")
    };
    let config = Config::parse(&on_server("")).unwrap();
    let Database::Server(server) = &config.database else { panic!("{:?}", config.database) };
    assert_eq!(server.address.to_string(), "ledger on db-a, db-b");
    assert_eq!((server.tls, server.replicas, server.upgrade), (true, 0, Upgrade::Auto));
    assert_eq!(server.commit_limit, Duration::from_secs(10));
    assert_eq!((&server.password_file, &server.ca_file), (&None, &None));
    assert!(!server.is_in_the_clear());
    let rest = "password_file = \"credential:db\"\ntls = false\nca_file = \"/a.crt\"\n\
                commit_limit = \"5s\"\nreplicas = 1\nupgrade = \"manual\"\n\
                [cluster]\nname = \"api-1\"\nlease = \"20s\"\n";
    let config = Config::parse(&on_server(rest)).unwrap();
    let Database::Server(server) = &config.database else { panic!("{:?}", config.database) };
    assert_eq!((server.tls, server.replicas, server.upgrade), (false, 1, Upgrade::Manual));
    assert!(server.is_in_the_clear());
    assert_eq!(config.cluster.name.as_deref(), Some("api-1"));
    assert_eq!(config.cluster.lease, Duration::from_secs(20));
    // What is shown as the values in effect can be read again.
    let shown = config.explained(Path::new("a.toml"));
    assert_eq!(Config::parse(&shown).unwrap().database, config.database);
    let shown = Config::defaults().explained(Path::new("a.toml"));
    assert_eq!(Config::parse(&shown).unwrap().database, Config::defaults().database);

    let faults = |text: &str| Config::parse(text).unwrap_err();
    for key in ["path = \"/a.db\"", "checkpoint = \"external\""] {
        let found = faults(&on_server(key));
        assert!(found[0].text.ends_with("is for a file of SQLite: remove it, or `url`"));
        assert_eq!((found.len(), found[0].line), (1, 3));
    }
    let found = faults(&on_server("[cluster]\nlease = \"10s\"\n"));
    assert_eq!(
        found[0].text,
        "`lease` must be longer than `commit_limit` of [database], which is 10s"
    );
    assert_eq!((found.len(), found[0].line), (1, 4));
    let found = faults("[database]\nreplicas = 1\n");
    assert_eq!(found[0].text, "`replicas` is for a PostgreSQL server: it needs `url`");
}

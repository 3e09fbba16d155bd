//! TLS to PostgreSQL and NATS, with real ones and certificates that the test makes (SYS-71).

use crate::support::{Folder, Server, run};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use std::{fs, path::PathBuf};
use tokio_postgres::NoTls;
use yingda_peers::{Nats, Postgres};

const KEY: &str = "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a";

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new(name: &str) -> Authority {
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Authority { issuer: Issuer::new(params, key), pem }
    }

    /// Certificate and key for a name, as PEM.
    fn signs(&self, name: &str) -> [String; 2] {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        [params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem()]
    }
}

struct House {
    folder: Folder,
    ours: Authority,
}

impl House {
    fn new() -> House {
        let house = House { folder: Folder::new(), ours: Authority::new("ours") };
        house.write("ca.pem", &house.ours.pem);
        house.write("other.pem", &Authority::new("other").pem);
        house
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.0.join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    fn nats(&self) -> Nats {
        let [certificate, key] = self.ours.signs("127.0.0.1");
        Nats::sealed(self.write("nats.pem", &certificate), self.write("nats.key", &key))
    }

    /// The last line of a server that does not start.
    fn refused(&self, environment: &[(&str, &str)]) -> String {
        let output = run(&self.folder.0, &["serve", "--listen", "127.0.0.1:0"], environment);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        let last = said.lines().last().unwrap().to_owned();
        assert!(last.starts_with("yingda: "), "{said}");
        last
    }
}

#[tokio::test]
async fn store_and_bus_are_spoken_to_over_tls() {
    let house = House::new();
    let [certificate, key] = house.ours.signs("127.0.0.1");
    let (postgres, nats) = (Postgres::sealed(&certificate, &key), house.nats());
    let plain = postgres.database().await;
    let authority = house.path("ca.pem").display().to_string();
    let store = format!("{plain}?sslmode=verify-full&sslrootcert={authority}");
    let bus = nats.url();
    let environment = [
        ("YINGDA_STORE", store.as_str()),
        ("YINGDA_BUS", &bus),
        ("YINGDA_BUS_CA", &authority),
        ("YINGDA_SECRET_KEY", KEY),
    ];
    let (server, admin) = Server::set_up_with(&environment).await;
    let nodes = admin.get("/nodes").await;
    assert_eq!(nodes.body["nodes"].as_array().map_or(0, Vec::len), 1, "{}", nodes.text);
    let backups = run(&server.data, &["backup"], &environment);
    assert!(backups.status.success(), "{}", String::from_utf8_lossy(&backups.stderr));

    let (client, connection) = tokio_postgres::connect(&plain, NoTls).await.unwrap();
    let look = async move {
        let sql = "SELECT count(*) FILTER (WHERE ssl), count(*) FILTER (WHERE NOT ssl) FROM pg_stat_ssl
            JOIN pg_stat_activity USING (pid) WHERE datname = current_database() AND pid <> pg_backend_pid()";
        let row = client.query_one(sql, &[]).await.unwrap();
        (row.get::<_, i64>(0), row.get::<_, i64>(1))
    };
    let ((sealed, open), _) = tokio::join!(look, connection);
    assert!(sealed > 0 && open == 0, "{sealed} connections are sealed, {open} are not");
}

/// Whoever cannot prove who they are is not spoken to, and the start says why.
#[tokio::test]
async fn a_wrong_certificate_is_one_clear_sentence() {
    let house = House::new();
    let [certificate, key] = house.ours.signs("db.example.com");
    let (postgres, nats) = (Postgres::sealed(&certificate, &key), house.nats());
    let plain = postgres.database().await;
    let path = |name: &str| house.path(name).display().to_string();
    let (ours, other, none) = (path("ca.pem"), path("other.pem"), path("none.pem"));
    for (words, names) in [
        (format!("sslmode=verify-full&sslrootcert={ours}"), "not valid for name"),
        (format!("sslmode=verify-ca&sslrootcert={other}"), "UnknownIssuer"),
        (format!("sslmode=require&sslrootcert={other}"), "UnknownIssuer"),
        ("sslmode=verify-ca".into(), "UnknownIssuer"),
        (format!("sslmode=verify-ca&sslrootcert={none}"), "none.pem"),
        ("sslmode=sometimes".into(), "sslmode=sometimes"),
    ] {
        let said =
            house.refused(&[("YINGDA_STORE", &format!("{plain}?{words}")), ("YINGDA_SECRET_KEY", KEY)]);
        assert!(said.contains(names), "{words}: {said}");
    }
    let named_otherwise = format!("{plain}?sslmode=verify-ca&sslrootcert={ours}");
    let bus = nats.url();
    for (authority, names) in [(other.as_str(), "UnknownIssuer"), (&none, "none.pem"), ("", "UnknownIssuer")]
    {
        let said = house.refused(&[
            ("YINGDA_STORE", &named_otherwise),
            ("YINGDA_BUS", &bus),
            ("YINGDA_BUS_CA", authority),
            ("YINGDA_SECRET_KEY", KEY),
        ]);
        assert!(said.contains(names), "{authority}: {said}");
    }
}

//! A small authority of certificates, for trying out TLS and for clusters of one owner.
//!
//! `FOLDER/authority` signs; each host's folder beside it is what its programs take by `--tls`. What is there is kept,
//! so that a host can be added later.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use time::{Duration, OffsetDateTime};

/// The folder of this machine, and of the one-machine cluster.
pub const LOCAL: &str = "localhost";

/// By these names programs on one machine call each other, so every certificate has them.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// The same for every authority made here, so that its key alone is enough to sign more.
const AUTHORITY_NAME: &str = "Ballast cluster authority";
const AUTHORITY_DAYS: i64 = 3_650;
/// Clocks of machines differ; a certificate is good a day before it is made.
const CLOCKS_DIFFER: Duration = Duration::DAY;

/// What is to be made.
#[derive(Clone, Debug)]
pub struct Order {
    /// Where.
    pub folder: PathBuf,
    /// Hosts beside this one: names or addresses by which their programs are called.
    pub hosts: Vec<String>,
    /// For how many days.
    pub days: u32,
    /// Make those anew that are there already. The authority stays.
    pub renew: bool,
    /// From when on.
    pub now: OffsetDateTime,
}

/// One host's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Whose.
    pub host: String,
    /// What its programs take by `--tls`.
    pub folder: PathBuf,
    /// Whether it was made now, or had been there.
    pub made: bool,
}

/// Why there are no certificates.
#[derive(Debug, thiserror::Error)]
pub enum CertificatesError {
    /// A file cannot be read or written.
    #[error("cannot write {path:?} ({cause}): take a folder of your own")]
    File {
        /// Which file.
        path: PathBuf,
        /// The system's answer.
        cause: io::Error,
    },
    /// The authority's key was changed.
    #[error("{path:?} holds no key of an authority ({why}): take another folder, or remove this one")]
    Authority {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A host that cannot be one.
    #[error("'{0}' is no host: write a name or an address without a port, such as 10.0.0.7")]
    Host(String),
    /// The system gives no randomness, most likely.
    #[error("no certificate can be made: {0}")]
    Make(#[from] rcgen::Error),
}

/// Makes what is missing. Answers the members, this machine first.
///
/// # Errors
/// If a host is none, or files cannot be written.
pub fn make(order: &Order) -> Result<Vec<Member>, CertificatesError> {
    if let Some(bad) = order.hosts.iter().find(|host| !is_host(host)) {
        return Err(CertificatesError::Host(bad.clone()));
    }
    let (authority, issuer) = authority(order)?;
    let mut hosts = vec![LOCAL.to_owned()];
    for host in &order.hosts {
        if !hosts.contains(host) && !LOOPBACK.contains(&host.as_str()) {
            hosts.push(host.clone());
        }
    }
    let member = |host: String| {
        let folder = order.folder.join(&host);
        let made = order.renew || !folder.join("certificate.pem").exists();
        if made {
            sign(order, &host, &folder, &authority, &issuer)?;
        }
        Ok(Member { host, folder, made })
    };
    hosts.into_iter().map(member).collect()
}

/// Letters, digits and what else stands in names and addresses: also safe as the name of a folder.
fn is_host(host: &str) -> bool {
    let fits = |char: char| char.is_ascii_alphanumeric() || matches!(char, '.' | '-' | '_' | ':');
    !host.is_empty()
        && host.len() <= 253
        && !host.starts_with(['.', '-'])
        && host.chars().all(fits)
        && host != "authority"
}

/// The authority in the folder, made if there is none: its certificate, and what signs.
fn authority(order: &Order) -> Result<(String, Issuer<'static, KeyPair>), CertificatesError> {
    let folder = order.folder.join("authority");
    let (key_path, path) = (folder.join("key.pem"), folder.join("certificate.pem"));
    let params = authority_params(order.now)?;
    let broken = |why: String| CertificatesError::Authority { path: key_path.clone(), why };
    match (fs::read_to_string(&path), fs::read_to_string(&key_path)) {
        (Ok(certificate), Ok(key)) => {
            let key = KeyPair::from_pem(&key).map_err(|error| broken(error.to_string()))?;
            Ok((certificate, Issuer::new(params, key)))
        }
        (Err(one), Err(other))
            if [&one, &other].iter().all(|error| error.kind() == io::ErrorKind::NotFound) =>
        {
            let key = KeyPair::generate()?;
            let certificate = params.self_signed(&key)?.pem();
            make_folder(&folder)?;
            write(&path, &certificate, 0o644)?;
            write(&key_path, &key.serialize_pem(), 0o600)?;
            Ok((certificate, Issuer::new(params, key)))
        }
        (Err(error), _) | (_, Err(error)) => Err(broken(error.to_string())),
    }
}

fn authority_params(now: OffsetDateTime) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new([])?;
    params.distinguished_name = named(AUTHORITY_NAME);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    params.not_before = now - CLOCKS_DIFFER;
    params.not_after = now + Duration::days(AUTHORITY_DAYS);
    Ok(params)
}

fn named(name: &str) -> rcgen::DistinguishedName {
    let mut named = rcgen::DistinguishedName::new();
    named.push(DnType::CommonName, name);
    named
}

/// Writes the three files that `--tls` takes.
fn sign(
    order: &Order,
    host: &str,
    folder: &Path,
    authority: &str,
    issuer: &Issuer<'static, KeyPair>,
) -> Result<(), CertificatesError> {
    let mut names: Vec<String> = LOOPBACK.map(str::to_owned).into();
    if !names.iter().any(|name| name == host) {
        names.push(host.to_owned());
    }
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = named(host);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params.not_before = order.now - CLOCKS_DIFFER;
    params.not_after = order.now + Duration::days(i64::from(order.days));
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, issuer)?.pem();
    make_folder(folder)?;
    write(&folder.join("authorities.pem"), authority, 0o644)?;
    write(&folder.join("key.pem"), &key.serialize_pem(), 0o600)?;
    write(&folder.join("certificate.pem"), &certificate, 0o644)
}

fn make_folder(folder: &Path) -> Result<(), CertificatesError> {
    fs::create_dir_all(folder).map_err(|cause| CertificatesError::File { path: folder.to_owned(), cause })
}

/// Writes a file that only those may read whom `mode` lets.
fn write(path: &Path, text: &str, mode: u32) -> Result<(), CertificatesError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    // Made anew and not written over, so that its mode is right from its first byte on.
    let gone = match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    };
    gone.and_then(|()| options.open(path)?.write_all(text.as_bytes()))
        .map_err(|cause| CertificatesError::File { path: path.to_owned(), cause })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn order(folder: &Path, hosts: &[&str]) -> Order {
        let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
        Order { folder: folder.to_owned(), hosts, days: 30, renew: false, now: OffsetDateTime::now_utc() }
    }

    #[test]
    fn each_host_gets_what_the_programs_take() {
        let folder = tempfile::tempdir().unwrap();
        let members =
            make(&order(folder.path(), &["10.0.0.7", "127.0.0.1", "node3.lan", "10.0.0.7", "::1"])).unwrap();
        let hosts: Vec<_> = members.iter().map(|member| (member.host.as_str(), member.made)).collect();
        assert_eq!(hosts, [("localhost", true), ("10.0.0.7", true), ("node3.lan", true)]);
        for member in &members {
            wire::Tls::load(&member.folder).unwrap();
        }
        let mode = fs::metadata(folder.path().join("authority/key.pem")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_host_is_added_later_and_what_is_there_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        make(&order(folder.path(), &[])).unwrap();
        let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
        let before = (read("authority/certificate.pem"), read("localhost/certificate.pem"));
        let later = make(&order(folder.path(), &["10.0.0.7"])).unwrap();
        assert_eq!(later.iter().map(|member| member.made).collect::<Vec<_>>(), [false, true]);
        assert_eq!(before, (read("authority/certificate.pem"), read("localhost/certificate.pem")));
        wire::Tls::load(&folder.path().join("10.0.0.7")).unwrap();
        let renewed = make(&Order { renew: true, ..order(folder.path(), &[]) }).unwrap();
        assert!(renewed[0].made);
        assert_eq!(before.0, read("authority/certificate.pem"), "the authority stays");
        assert_ne!(before.1, read("localhost/certificate.pem"));
        wire::Tls::load(&folder.path().join("localhost")).unwrap();
    }

    #[test]
    fn what_is_of_no_use_is_told_with_a_remedy() {
        let folder = tempfile::tempdir().unwrap();
        for bad in ["", "../x", "a/b", "host:5000/", "-x", "authority", "a b"] {
            let error = make(&order(folder.path(), &[bad])).unwrap_err().to_string();
            assert!(error.contains("without a port"), "{error}");
        }
        assert!(!folder.path().join("authority").exists(), "nothing is made for a wrong order");
        make(&order(folder.path(), &[])).unwrap();
        let told = |folder: &str, name: &str, text: &str| {
            let path = order_path(folder, name);
            let before = fs::read(&path).unwrap();
            fs::write(&path, text).unwrap();
            let told = wire::Tls::load(Path::new(folder)).unwrap_err().to_string();
            fs::write(&path, before).unwrap();
            told
        };
        let local = folder.path().join("localhost").to_str().unwrap().to_owned();
        let other = tempfile::tempdir().unwrap();
        make(&order(other.path(), &[])).unwrap();
        let foreign = |name: &str| fs::read_to_string(other.path().join("localhost").join(name)).unwrap();
        let key = told(&local, "key.pem", &foreign("key.pem"));
        assert!(key.contains("do not go together"), "{key}");
        let authority = told(&local, "authorities.pem", &foreign("authorities.pem"));
        assert!(authority.contains("none of the authorities beside it has signed it"), "{authority}");
        assert!(told(&local, "certificate.pem", "x").contains("holds no certificate in PEM"));
        let missing = wire::Tls::load(&folder.path().join("nowhere")).unwrap_err().to_string();
        assert!(missing.contains("lab certificates FOLDER"), "{missing}");
        let key = order_path(&local, "key.pem");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(wire::Tls::load(Path::new(&local)).unwrap_err().to_string().contains("chmod 600"));
        fs::write(folder.path().join("authority/key.pem"), "x").unwrap();
        let error = make(&order(folder.path(), &[])).unwrap_err().to_string();
        assert!(error.contains("holds no key of an authority"), "{error}");
    }

    fn order_path(folder: &str, name: &str) -> PathBuf {
        Path::new(folder).join(name)
    }

    #[test]
    fn an_old_certificate_is_told_at_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let long_ago = OffsetDateTime::UNIX_EPOCH + Duration::days(20_000);
        make(&Order { now: long_ago, ..order(folder.path(), &[]) }).unwrap();
        let told = wire::Tls::load(&folder.path().join("localhost")).unwrap_err().to_string();
        assert!(told.contains("it has expired") && told.contains("--renew"), "{told}");
    }
}

//! What goes wrong between two ends that show each other certificates, in words that name the remedy.

use crate::channel::NotSealed;
use rustls::{AlertDescription, CertificateError, Error};

const MAKE_ANOTHER: &str = "make another one with `lab certificates FOLDER --renew`";

/// Why a caller does not talk to the port at `address`.
pub(crate) fn of_port(not_sealed: &NotSealed, address: &str) -> String {
    match not_sealed {
        NotSealed::Refused(error) => of_error(error, address),
        NotSealed::HungUp => {
            "it hung up instead of speaking TLS: start it with --tls too, or this program without".to_owned()
        }
        NotSealed::TooSlow => "it did not show its certificate in time".to_owned(),
        NotSealed::Io(error) => format!("the connection broke while certificates were shown ({error})"),
    }
}

/// What a caller is told by an error of its TLS.
pub(crate) fn of_error(error: &Error, address: &str) -> String {
    match error {
        Error::InvalidCertificate(why) => of_its_certificate(why, address),
        Error::AlertReceived(alert) => of_alert(*alert),
        Error::InvalidMessage(_) | Error::InappropriateMessage { .. } => {
            "it does not speak TLS: start it with --tls too, or this program without".to_owned()
        }
        other => format!("TLS failed: {other}"),
    }
}

fn of_its_certificate(why: &CertificateError, address: &str) -> String {
    match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            format!("its certificate has expired: {MAKE_ANOTHER}")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet: are the clocks of both machines right?".to_owned()
        }
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "its certificate is signed by none of our authorities: give all programs certificates of one authority"
                .to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
            format!("its certificate is not for '{host}': make one with `lab certificates FOLDER --host {host}`")
        }
        other => format!("its certificate is not accepted: {other}"),
    }
}

fn of_alert(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::UnknownCA | AlertDescription::DecryptError => {
            "our certificate is signed by none of its authorities: give all programs certificates of one authority"
                .to_owned()
        }
        AlertDescription::CertificateExpired => {
            format!("our certificate has expired, or its clock is wrong: {MAKE_ANOTHER}")
        }
        AlertDescription::CertificateRequired => {
            "it asks for a certificate: start this program with --tls FOLDER".to_owned()
        }
        AlertDescription::BadCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnsupportedCertificate => {
            format!("it does not accept our certificate ({alert:?}): {MAKE_ANOTHER}")
        }
        other => format!("it refuses to go on ({other:?})"),
    }
}

/// What is wrong with our own certificate, as others would see it.
pub(crate) fn of_own(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            format!("it has expired: {MAKE_ANOTHER}")
        }
        Error::InvalidCertificate(
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
        ) => "it is not valid yet: is this machine's clock right?".to_owned(),
        Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            "none of the authorities beside it has signed it".to_owned()
        }
        other => other.to_string(),
    }
}

/// Why a port does not let a caller in, for its log.
pub(crate) fn of_caller(not_sealed: &NotSealed) -> String {
    match not_sealed {
        NotSealed::Refused(error) => format!("its caller's certificate is not accepted ({error})"),
        NotSealed::HungUp => "its caller left while certificates were shown".to_owned(),
        NotSealed::TooSlow => "its caller did not show a certificate in time".to_owned(),
        NotSealed::Io(error) => format!("it broke while certificates were shown ({error})"),
    }
}

//! Where the administrator of a server finds the list of trusted clients, by make.

/// A make of server: how it calls itself, and what to do there so that it trusts our certificate.
struct Make {
    /// Parts of product URI or application name, in lower case.
    signs: &'static [&'static str],
    hint: &'static str,
}

/// How to make a server trust us. What a server says about its make is only good for such a hint.
pub(crate) fn trust_us(product_uri: &str, application_name: &str) -> &'static str {
    let words = format!("{product_uri} {application_name}").to_lowercase();
    MAKES
        .iter()
        .find(|make| make.signs.iter().any(|sign| words.contains(sign)))
        .map_or(ANY_MAKE, |make| make.hint)
}

const ANY_MAKE: &str = "on the server: find our certificate among the rejected client certificates and trust it, or \
                        copy our certificate file into its folder of trusted clients";

const MAKES: &[Make] = &[
    Make {
        signs: &["lockgate"],
        hint: "on the simulated plant: accept our thumbprint in its certificate store (lockgate trust accept with --pki)",
    },
    Make {
        signs: &["nodeopcua", "node-opcua", "node opcua"],
        hint: "node-opcua: move our certificate from rejected/ to trusted/certs/ in the server's PKI folder",
    },
    Make {
        signs: &["open62541"],
        hint: "open62541: put our certificate file (DER) into the server's trust list folder; some programs read it \
               at start only",
    },
    Make {
        signs: &["freeopcua", "asyncua"],
        hint: "Python asyncua: add our certificate file (DER) to the trust store folder the program names",
    },
    Make {
        signs: &["prosys"],
        hint: "Prosys: tab Certificates, right-click our certificate, Trust (or move it from PKI/CA/rejected to \
               PKI/CA/certs)",
    },
    Make {
        signs: &["kepware", "kepserver", "thingworx kepware"],
        hint: "Kepware: OPC UA Configuration Manager, tab Trusted Clients, select lockgate, Trust",
    },
    Make {
        signs: &["siemens", "simatic"],
        hint: "Siemens: import our certificate in TIA Portal (certificate manager), add it to the OPC UA server's \
               trusted clients, download to the CPU",
    },
    Make {
        signs: &["unifiedautomation", "unified automation", "uacppserver"],
        hint: "Unified Automation: move our certificate from pkiserver/rejected to pkiserver/trusted/certs",
    },
    Make {
        signs: &["inductiveautomation", "ignition"],
        hint: "Ignition: Config, OPC UA, Security, tab Server, Quarantined Certificates, Trust",
    },
    Make {
        signs: &["opcplc", "opc-plc", "opc plc"],
        hint: "Microsoft OPC PLC: copy our certificate file to pki/trusted/certs, or start it with --tm for its list",
    },
    Make {
        signs: &["beckhoff", "twincat"],
        hint: "TwinCAT: move our certificate from PKI/CA/rejected to PKI/CA/trusted/certs in the server's folder",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_makes_are_recognised_by_product_uri_or_name() {
        assert!(trust_us("NodeOPCUA-Server", "").starts_with("node-opcua"));
        assert!(trust_us("http://open62541.org", "x").starts_with("open62541"));
        assert!(trust_us("urn:freeopcua.github.io:python:server", "").starts_with("Python"));
        assert!(trust_us("", "SIMATIC.S7-1500.OPC-UA.Application:PLC_1").starts_with("Siemens"));
        assert!(trust_us("urn:prosysopc.com:OPCUA:SimulationServer", "").starts_with("Prosys"));
    }

    #[test]
    fn an_unknown_make_gets_the_general_hint() {
        assert_eq!(trust_us("urn:acme", "Acme"), ANY_MAKE);
    }
}

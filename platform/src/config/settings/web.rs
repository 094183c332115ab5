//! The settings of what stands between the API and the network.

use super::Settings;
use crate::config::WebSettings;
use crate::config::values::Switch;
use crate::http::client_address::{ClientAddresses, ForwardingHeader, TrustedProxies};
use crate::http::cors::{Cors, Origins};
use crate::http::rate_limit::{BudgetName, Budgets};
use crate::http::security_headers::TransportSecurity;

impl Settings {
    /// None when they are switched off. The budgets are checked all the same.
    pub(super) fn rate_limits(&mut self) -> Option<Budgets> {
        let switch = self.parsed("rate_limits", "on or off", Switch::On);
        let budgets = BudgetName::ALL
            .into_iter()
            .fold(Budgets::default(), |budgets, name| {
                let expected = "a rate with a burst such as 100/s burst 400, of /s, /m or /h";
                budgets.with(name, self.parsed(name.setting(), expected, name.default()))
            });
        switch.is_on().then_some(budgets)
    }

    pub(super) fn web(&mut self) -> WebSettings {
        WebSettings {
            clients: ClientAddresses {
                trusted: self.parsed(
                    "trusted_proxies",
                    "a list of networks such as 10.0.0.0/8, 192.0.2.7",
                    TrustedProxies::default(),
                ),
                header: self.parsed(
                    "forwarding_header",
                    "x-forwarded-for or forwarded",
                    ForwardingHeader::default(),
                ),
            },
            cors: Cors {
                origins: self.parsed(
                    "cors_origins",
                    "a list of origins as browsers send them, such as https://desk.example.com, http://localhost:5173",
                    Origins::default(),
                ),
                credentials: self.switched_on("cors_credentials"),
            },
            transport: if self.switched_on("hsts") {
                TransportSecurity::Strict
            } else {
                TransportSecurity::Unknown
            },
        }
    }

    fn switched_on(&mut self, key: &'static str) -> bool {
        self.parsed(key, "on or off", Switch::Off).is_on()
    }
}

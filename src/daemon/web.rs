//! The operators' console and the customers' portal, as they are configured.

use std::net::SocketAddr;
use std::sync::Arc;

use super::{Core, OperatorParts, StartError};
use crate::http::admin::WebAddresses;
use crate::http::console::{Console, ConsoleTools};
use crate::http::portal::{Portal, PortalTools};
use crate::http::{ConnectionLimits, Listening, SiteSettings, listen_tcp};

/// The maximum number of connections to the console: some tabs of some people.
const CONSOLE_CONNECTIONS: usize = 512;

impl Core<'_> {
    /// The customers' pages, where they are configured.
    pub(super) fn portal(&self) -> Option<Portal> {
        let origin = self.config.portal.origin.clone()?;
        let tools = PortalTools::new(self.throttle.clone());
        let settings = SiteSettings {
            origin: Some(origin),
            proxies: self.config.http.trusted_proxies.clone(),
            proxy_user: None,
        };
        Some(Portal::new(
            self.gateway.clone(),
            tools,
            settings,
            Arc::clone(&self.request_ids),
            self.stopping.clone(),
        ))
    }

    /// Serves the operators' pages, where that is configured. Returns their address, which may have
    /// a port that the system chose.
    pub(super) fn serve_console(
        &self,
        parts: &OperatorParts,
    ) -> Result<Option<(SocketAddr, Listening)>, StartError> {
        let config = &self.config.console;
        let Some(address) = config.listen else { return Ok(None) };
        let settings = SiteSettings {
            origin: config.origin.clone(),
            proxies: self.config.http.trusted_proxies.clone(),
            proxy_user: config.proxy_user.clone(),
        };
        let tools = ConsoleTools {
            modems: Arc::clone(&parts.modems),
            reload: parts.reloader.clone(),
            notices: Arc::clone(&parts.notices),
            health: self.monitor.clone(),
            web: self.web_addresses(Some(address)),
        };
        let console = Console::new(
            self.gateway.clone(),
            tools,
            settings,
            Arc::clone(&self.request_ids),
            self.stopping.clone(),
        );
        let limits = ConnectionLimits::of_operator(CONSOLE_CONNECTIONS);
        let served = listen_tcp(address, move |client| console.handler(client), limits);
        served.map(Some).map_err(|error| StartError::console(address, &error))
    }

    /// Where people sign in. Operators on this machine do so at the address that is listened on.
    pub(super) fn web_addresses(&self, console: Option<SocketAddr>) -> WebAddresses {
        let origin = self.config.console.origin.as_ref().map(ToString::to_string);
        let listening = console.map(|address| format!("http://{address}"));
        // Which port the system has chosen is known once it is listened on.
        let bound = || self.monitor.customers().map(|address| format!("http://{address}"));
        let portal = self.config.portal.origin.as_ref().map(|origin| {
            let any_port = if origin.has_any_port() { bound() } else { None };
            any_port.unwrap_or_else(|| origin.to_string())
        });
        WebAddresses { console: origin.or(listening), portal }
    }
}

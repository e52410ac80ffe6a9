//! How operators' requests reach the modems and banks of sites.

use std::sync::Arc;

use super::{NoReply, Sites};
use crate::daemon::modem_control::DriverModemControl;
use crate::domain::modem::{ModemDetail, ModemRequest, RequestError};
use crate::domain::{Imsi, PortName};
use crate::gateway::{BoxFuture, ModemControl, ScannedPort};
use crate::wire::{Reply, Request};

/// The driver of this machine, and those of the sites.
pub(in crate::daemon) struct RoutedModemControl {
    pub local: DriverModemControl,
    pub sites: Arc<Sites>,
}

impl ModemControl for RoutedModemControl {
    fn detail(&self, port: &str) -> BoxFuture<'_, Option<ModemDetail>> {
        let request = Request::Detail { port: PortName::from_stored(port) };
        let Some((site, request)) = request.for_site() else { return self.local.detail(port) };
        Box::pin(async move {
            match self.sites.request(&site, request).await.ok()? {
                Reply::Detail(detail) => detail,
                _ => None,
            }
        })
    }

    fn recording(&self, port: &str) -> BoxFuture<'_, Option<Vec<String>>> {
        let request = Request::Recording { port: PortName::from_stored(port) };
        let Some((site, request)) = request.for_site() else { return self.local.recording(port) };
        Box::pin(async move {
            match self.sites.request(&site, request).await.ok()? {
                Reply::Recording(lines) => lines,
                _ => None,
            }
        })
    }

    fn screen_command(&self, command: &str, forced: bool) -> Result<String, RequestError> {
        self.local.screen_command(command, forced)
    }

    fn request(
        &self,
        port: PortName,
        request: ModemRequest,
    ) -> BoxFuture<'_, Result<Vec<String>, RequestError>> {
        let routed = Request::Modem { port: port.clone(), request: request.clone() };
        let Some((site, routed)) = routed.for_site() else {
            return self.local.request(port, request);
        };
        Box::pin(async move {
            match self.sites.request(&site, routed).await {
                Ok(Reply::Modem(reply)) => reply,
                Err(NoReply::NotConnected) => Err(RequestError::SiteSilent),
                Ok(_) | Err(NoReply::Lost) => Err(RequestError::SiteReplyLost),
            }
        })
    }

    fn own_number_code(&self, imsi: &Imsi) -> Option<String> {
        self.local.own_number_code(imsi)
    }

    fn switch(&self, bank: &str, radio: &str, slot: u32) -> BoxFuture<'_, Result<String, String>> {
        let request = Request::Switch { bank: bank.to_owned(), radio: radio.to_owned(), slot };
        let Some((site, request)) = request.for_site() else {
            return self.local.switch(bank, radio, slot);
        };
        Box::pin(async move {
            match self.sites.request(&site, request).await {
                Ok(Reply::Switched(reply)) => reply,
                Err(NoReply::NotConnected) => Err(format!("the site {site} is not connected")),
                Ok(_) | Err(NoReply::Lost) => Err(format!(
                    "the site {site} was asked and has not replied: it may have carried this out"
                )),
            }
        })
    }

    /// Only the ports of this machine: a site has a `modem scan` of its own.
    fn scan(&self) -> BoxFuture<'_, Vec<ScannedPort>> {
        self.local.scan()
    }
}

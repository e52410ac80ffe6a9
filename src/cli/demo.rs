//! `demo`: runs everything with simulated modems, for trying simbridge out by hand.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener};
use std::process::ExitCode;
use std::time::Duration;

use super::demo_stage::{SAMPLES, Stage, new_code};
use super::print::{cell, complain, document, line};
use super::serve::StopSignals;
use crate::domain::{OrderId, RowLimit};
use crate::gateway::{MessageFilter, OrderView};

/// The address that customers are served on unless another one is given or it is in use.
const USUAL: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 8080));
/// The same for the address of operators' pages.
const USUAL_OF_CONSOLE: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 8081));
/// The time from an order until its SMS is sent.
const SMS_AFTER: Duration = Duration::from_secs(3);
/// The time between two checks for new orders.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Runs the demo until it is interrupted.
pub(super) async fn run(modems: usize, listen: Option<SocketAddr>) -> anyhow::Result<ExitCode> {
    let mut stop = StopSignals::listen()?;
    line(format!("Starting a daemon and {modems} simulated modems …"))?;
    let customers = listen.unwrap_or_else(|| or_free(USUAL));
    let stage = Stage::start(modems, customers, or_free(USUAL_OF_CONSOLE)).await?;
    if listen.is_none() && stage.daemon.address() != USUAL {
        line(format!("{USUAL} is in use; customers are served on {}.", stage.daemon.address()))?;
    }
    explain(&stage, modems).await?;
    let outcome = tokio::select! {
        outcome = play(&stage) => outcome,
        () = stop.wait() => Ok(()),
    };
    line("Stopping.")?;
    stage.stop().await;
    outcome.map(|()| ExitCode::SUCCESS)
}

/// The address that the documents name or, where another program has it, one with a free port.
fn or_free(usual: SocketAddr) -> SocketAddr {
    match TcpListener::bind(usual) {
        Ok(_) => usual,
        Err(_) => SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
    }
}

async fn explain(stage: &Stage, modems: usize) -> anyhow::Result<()> {
    let [console, portal] = stage.links().await?;
    let (address, key, config) = (stage.daemon.address(), stage.key.reveal(), stage.config());
    let config = config.display();
    let services: Vec<String> =
        stage.services.iter().map(|s| format!("{} {}", s.id, s.name)).collect();
    let program = std::env::current_exe()
        .map_or("simbridge".to_owned(), |program| program.display().to_string());
    let first = SAMPLES.first().map_or("", |sample| sample.name);
    document(&format!(
        "All {modems} are Ready. A customer with 25.00 USD has this key:\n  {key}\n\
         Services: {}\n\n\
         In another terminal, order a number for {first}, then wait for its SMS \
         (it comes after {} s):\n  \
         curl 'http://{address}/api/makeorder?key={key}&serviceId=1'\n  \
         curl 'http://{address}/api/getsms?key={key}&orderId=1&wait=30'\n\
         The same with the JSON API (http://{address}/v2/openapi.json has all of it):\n  \
         curl -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \\\n    \
         -d '{{\"service\": 1}}' http://{address}/v2/orders\n  \
         curl -H 'Authorization: Bearer {key}' 'http://{address}/v2/orders/2?wait=60'\n\
         In a browser (each link works once, and asks for a new password):\n  \
         operators' pages  {console}\n  \
         customers' pages  {portal}\n\
         The operator's side in a terminal:\n  export SIMBRIDGE_CONFIG={config}\n  \
         alias simbridge={program}\n  \
         simbridge status; simbridge modem list; simbridge message list\n\n\
         What happens (stop with Ctrl-C):",
        services.join(", "),
        SMS_AFTER.as_secs(),
    ))
}

/// Prints every change of an order and every message, and sends each new order its code.
async fn play(stage: &Stage) -> anyhow::Result<()> {
    let gateway = stage.daemon.gateway();
    let mut printed: HashMap<OrderId, &'static str> = HashMap::new();
    let mut unseen = MessageFilter::Newest(RowLimit::ALL);
    loop {
        // An order is completed by its SMS, which is told first.
        for message in gateway.inbox().messages(unseen).await? {
            unseen = MessageFilter::After(message.id);
            let order =
                message.order.map_or("nobody's".to_owned(), |order| format!("for order {order}"));
            let (sender, text) =
                (message.sender.unwrap_or_default(), message.text.unwrap_or_default());
            print_event(
                gateway.now(),
                &format!("SMS {} from {sender}, {order}: {}", message.id, cell(Some(&text.into()))),
            )?;
        }
        for view in gateway.orders().list(RowLimit::from(100).into()).await? {
            let word = view.order.state.as_str();
            if printed.insert(view.order.id, word) != Some(word) {
                print_order(&view)?;
                if view.order.state.end().is_none() {
                    send_code(stage, &view)?;
                }
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn print_event(at: crate::domain::Timestamp, text: &str) -> anyhow::Result<()> {
    line(format!("{}  {text}", cell(Some(&at.to_string().into()))))
}

fn print_order(view: &OrderView) -> anyhow::Result<()> {
    let order = &view.order;
    let at = order.state.ended_at().unwrap_or(order.created_at);
    print_event(
        at,
        &format!(
            "order {} ({}, {}) is {}",
            order.id,
            view.service,
            order.number,
            order.state.as_str()
        ),
    )
}

/// The service sends its code a while after the order, as a real one does once the customer has
/// typed the number in.
fn send_code(stage: &Stage, view: &OrderView) -> anyhow::Result<()> {
    let Some(sample) = SAMPLES.iter().find(|sample| sample.name == view.service) else {
        return Ok(());
    };
    let (network, number, text) =
        (stage.rack.network().clone(), view.order.number.clone(), sample.text(&new_code()?));
    tokio::spawn(async move {
        tokio::time::sleep(SMS_AFTER).await;
        if let Err(error) = network.send(sample.sender, number.as_str(), &text) {
            complain(format_args!(
                "simbridge: the simulated network did not take the SMS: {error}"
            ));
        }
    });
    Ok(())
}

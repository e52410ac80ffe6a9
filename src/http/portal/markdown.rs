//! Documents in Markdown as parts of pages.

use maud::{Markup, PreEscaped};
use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

use crate::domain::market_names::MarketNames;

/// What takes the place of the addresses and ids in a document's examples.
#[derive(Debug, Clone, Default)]
pub(super) struct Examples {
    /// Where the API is.
    pub(super) address: String,
    /// The id and the name of a service.
    pub(super) service: Option<(i64, String)>,
    /// What number markets call a service.
    pub(super) market_names: MarketNames,
    pub(super) order: Option<i64>,
    pub(super) rental: Option<i64>,
    pub(super) webhook: Option<i64>,
}

impl Examples {
    /// An example with the reader's own values.
    fn put_into(&self, text: &str) -> String {
        let mut text = text.replace("https://sms.example.org", &self.address);
        if let Some((id, name)) = &self.service {
            text = text.replace("serviceId=1", &format!("serviceId={id}"));
            let name = serde_json::Value::from(name.as_str());
            text = text.replace("\"service\": \"Uber\"", &format!("\"service\": {name}"));
        }
        let MarketNames { code, fivesim } = &self.market_names;
        if let Some(code) = code {
            text = text.replace("service=wa", &format!("service={}", code.as_str()));
        }
        if let Some(name) = fivesim {
            text = text.replace("any/whatsapp", &format!("any/{}", name.as_str()));
        }
        if let Some(order) = self.order {
            text = text.replace("orderId=1", &format!("orderId={order}"));
        }
        for (name, id) in
            [("$ORDER", self.order), ("$RENTAL", self.rental), ("$WEBHOOK", self.webhook)]
        {
            if let Some(id) = id {
                text = text.replace(name, &id.to_string());
            }
        }
        text
    }
}

/// A document as the content of a page, whose own heading takes the place of the document's title.
/// HTML in it is shown as text. Its pictures are left out: they show the portal itself.
pub(super) fn render(text: &str, examples: &Examples) -> Markup {
    let mut is_code = false;
    let (mut skipped_title, mut skipped_images) = (Title::Awaited, Images::default());
    let events = Parser::new_ext(text, Options::ENABLE_TABLES);
    let is_shown =
        move |event: &Event<'_>| !skipped_title.takes(event) && !skipped_images.take(event);
    let events = events.filter(is_shown).map(move |event| match event {
        // Whoever has no mouse scrolls it with the keyboard.
        Event::Start(Tag::CodeBlock(_)) => {
            is_code = true;
            Event::Html("<pre tabindex=\"0\"><code>".into())
        }
        Event::End(TagEnd::CodeBlock) => {
            is_code = false;
            Event::Html("</code></pre>\n".into())
        }
        Event::Text(text) if is_code => Event::Text(examples.put_into(&text).into()),
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        Event::Start(Tag::Heading { level, id, classes, attrs }) => {
            Event::Start(Tag::Heading { level: lower(level), id, classes, attrs })
        }
        Event::End(TagEnd::Heading(level)) => Event::End(TagEnd::Heading(lower(level))),
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let dest_url = address_of(dest_url);
            Event::Start(Tag::Link { link_type, dest_url, title, id })
        }
        // A wide one is scrolled, too. Its alignments, which would be styles in the page, are left
        // out.
        Event::Start(Tag::Table(_)) => Event::Html("<table tabindex=\"0\">".into()),
        other => other,
    });
    let mut content = String::new();
    html::push_html(&mut content, events);
    PreEscaped(content)
}

/// Whether an image has begun and not ended.
#[derive(Default)]
struct Images {
    is_inside: bool,
}

impl Images {
    /// Whether an event belongs to an image: it, and the text that stands in for it.
    fn take(&mut self, event: &Event<'_>) -> bool {
        let was_inside = self.is_inside;
        match event {
            Event::Start(Tag::Image { .. }) => self.is_inside = true,
            Event::End(TagEnd::Image) => self.is_inside = false,
            _ => {}
        }
        was_inside || self.is_inside
    }
}

/// Whether the document's first heading, its title, has been left out.
enum Title {
    Awaited,
    Begun,
    Ended,
}

impl Title {
    /// Whether an event belongs to the title.
    fn takes(&mut self, event: &Event<'_>) -> bool {
        let (takes, next) = match (&*self, event) {
            (Title::Awaited, Event::Start(Tag::Heading { level: HeadingLevel::H1, .. })) => {
                (true, Some(Title::Begun))
            }
            (Title::Begun, Event::End(TagEnd::Heading(_))) => (true, Some(Title::Ended)),
            (Title::Begun, _) => (true, None),
            _ => (false, None),
        };
        if let Some(next) = next {
            *self = next;
        }
        takes
    }
}

/// A page has one heading of the first level, which is its own.
fn lower(level: HeadingLevel) -> HeadingLevel {
    match level {
        HeadingLevel::H1 => HeadingLevel::H2,
        HeadingLevel::H2 => HeadingLevel::H3,
        HeadingLevel::H3 => HeadingLevel::H4,
        HeadingLevel::H4 => HeadingLevel::H5,
        HeadingLevel::H5 | HeadingLevel::H6 => HeadingLevel::H6,
    }
}

/// Where a link of a document leads in the portal.
fn address_of(target: CowStr<'_>) -> CowStr<'_> {
    let file = target.split('#').next().unwrap_or_default();
    match file {
        "webhooks.md" => "/api-guide/webhooks".into(),
        "from-v1-to-v2.md" => "/api-guide/version-2".into(),
        "market-protocols.md" => "/api-guide/markets".into(),
        // Documents of whoever runs the gateway are not in the portal.
        file if file.ends_with(".md") => "/api-guide".into(),
        _ => target,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn examples() -> Examples {
        Examples {
            address: "http://127.0.0.1:8080".to_owned(),
            service: Some((12, "A \"b\" <c>".to_owned())),
            market_names: MarketNames { code: "ub".parse().ok(), fivesim: "uber".parse().ok() },
            order: Some(7),
            rental: None,
            webhook: Some(3),
        }
    }

    fn rendered(text: &str) -> String {
        render(text, &examples()).into_string()
    }

    #[test]
    fn examples_have_the_readers_own_values_and_the_text_around_them_stays() {
        let html = rendered(
            "At https://sms.example.org, `serviceId=1`:\n\n    \
             curl 'https://sms.example.org/api/makeorder?serviceId=1&orderId=1'\n    \
             curl -d '{\"service\": \"Uber\"}' \"$HOST/v2/orders/$ORDER/$RENTAL/$WEBHOOK\"\n    \
             curl https://sms.example.org/v1/user/buy/activation/any/any/whatsapp?service=wa\n",
        );
        for expected in [
            "At https://sms.example.org, <code>serviceId=1</code>",
            "http://127.0.0.1:8080/api/makeorder?serviceId=12&amp;orderId=7",
            "{\"service\": \"A \\\"b\\\" &lt;c&gt;\"}",
            "/v2/orders/7/$RENTAL/3",
            "http://127.0.0.1:8080/v1/user/buy/activation/any/any/uber?service=ub",
        ] {
            assert!(html.contains(expected), "{expected} is not in {html}");
        }
    }

    #[test]
    fn the_title_is_the_pages_own_and_headings_stand_below_it() {
        let html = rendered("# Title `x`\n\n# Part\n\n## Smaller\n\ntext\n");
        assert_eq!(html, "<h2>Part</h2>\n<h3>Smaller</h3>\n<p>text</p>\n");
    }

    #[test]
    fn pictures_are_left_out_with_what_they_show() {
        let html = rendered("One ![a *small* picture](images/order.webp) two.");
        assert_eq!(html, "<p>One  two.</p>\n");
    }

    #[test]
    fn links_lead_to_pages_and_html_is_text() {
        let html = rendered("[a](webhooks.md#x) [b](threat-model.md) [c](https://e.org/) <b>d</b>");
        let expected = "<p><a href=\"/api-guide/webhooks\">a</a> <a href=\"/api-guide\">b</a> \
                        <a href=\"https://e.org/\">c</a> &lt;b&gt;d&lt;/b&gt;</p>\n";
        assert_eq!(html, expected);
        assert!(rendered("| a | b |\n| --- | :-: |\n| c | d |\n").contains("<th>b</th>"));
    }
}

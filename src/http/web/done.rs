//! What has come of a form.

use super::Page;

/// What is answered when a form was carried out.
pub enum Done {
    /// The browser goes on to a page, which shows a line once.
    At {
        /// The address of the page.
        address: String,
        /// What was done: a sentence.
        line: Option<String>,
    },
    /// A page that is shown this once, as a key is.
    Shown(Box<Page>),
}

impl Done {
    /// Goes on to a page, which says once what was done.
    pub fn at(address: impl Into<String>, line: impl Into<String>) -> Done {
        Done::At { address: address.into(), line: Some(line.into()) }
    }

    /// Goes on to a page that shows by itself what was done.
    pub fn follow(address: impl Into<String>) -> Done {
        Done::At { address: address.into(), line: None }
    }

    /// Shows something once that cannot be shown again.
    pub fn shown(page: Page) -> Done {
        Done::Shown(Box::new(page))
    }
}

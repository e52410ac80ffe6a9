//! The key that ends what is shown continuously.

use std::io::Read;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::sync::mpsc;

/// The key `q` or Ctrl-C on the terminal that commands come from. As long as it is watched, the
/// terminal hands over each key at once and shows none.
pub(super) struct QuitKey {
    /// The terminal's settings before.
    before: Option<Termios>,
    keys: mpsc::UnboundedReceiver<u8>,
}

impl QuitKey {
    /// Has the terminal hand over keys, if there is one.
    pub fn of_terminal() -> QuitKey {
        let (sender, keys) = mpsc::unbounded_channel();
        let before = tcgetattr(std::io::stdin()).ok();
        if let Some(settings) = &before {
            let mut by_key = settings.clone();
            by_key.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &by_key);
            // Nothing waits for this thread: it ends with the program.
            std::thread::spawn(move || {
                let keys = std::io::stdin().lock().bytes().map_while(Result::ok);
                keys.map_while(|key| sender.send(key).ok()).for_each(drop);
            });
        }
        QuitKey { before, keys }
    }

    /// Ends when `q` or Ctrl-C is pressed.
    pub async fn pressed(&mut self) {
        let interrupted = tokio::signal::ctrl_c();
        tokio::pin!(interrupted);
        loop {
            let key = tokio::select! {
                key = self.keys.recv() => key,
                Ok(()) = &mut interrupted => return,
            };
            match key {
                Some(b'q' | b'Q') => return,
                Some(_) => {}
                // There is no terminal, or no input any more.
                None => {
                    let _ = interrupted.await;
                    return;
                }
            }
        }
    }
}

impl Drop for QuitKey {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, before);
        }
    }
}

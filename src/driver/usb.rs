//! The USB device that a port belongs to, as sysfs shows it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::port::Port;
use crate::domain::ModemId;

/// The file system in which the kernel shows its devices.
const SYSFS: &str = "/sys";
/// The pause between unbinding a device and binding it again.
const UNBIND_PAUSE: Duration = Duration::from_secs(2);

/// A USB device, by the name that sysfs gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UsbDevice {
    /// The bus and the chain of ports on it, like `1-1.4`.
    pub name: String,
    /// What identifies the modem that the device is, if the device has a serial number.
    pub modem: Option<ModemId>,
}

impl UsbDevice {
    /// The device that a port belongs to. A port of another machine belongs to none here.
    pub fn of(port: &Port) -> Option<UsbDevice> {
        UsbDevice::under(Path::new(SYSFS), &std::fs::canonicalize(port.path()?).ok()?)
    }

    fn under(sysfs: &Path, port: &Path) -> Option<UsbDevice> {
        let class = sysfs.join("class/tty").join(port.file_name()?);
        let device = std::fs::canonicalize(class.join("device")).ok()?;
        // The folder of an interface (1-1.4:1.2) is below that of its device, and only a device has
        // an idVendor file.
        let device = device.ancestors().find(|folder| folder.join("idVendor").is_file())?;
        let read = |name| std::fs::read_to_string(device.join(name)).ok();
        let told = (read("idVendor"), read("idProduct"), read("serial"));
        let modem = match told {
            (Some(vendor), Some(product), Some(serial)) => {
                ModemId::of_usb(vendor.trim(), product.trim(), serial.trim())
            }
            _ => None,
        };
        Some(UsbDevice { name: device.file_name()?.to_str()?.to_owned(), modem })
    }

    /// The hub that the device is connected to, and the port there: `1-1` and `4` for `1-1.4`. For
    /// a device on the bus itself, like `1-2`, they are `1` and `2`.
    pub fn hub_and_port(&self) -> (&str, &str) {
        self.name
            .rsplit_once('.')
            .or_else(|| self.name.rsplit_once('-'))
            .unwrap_or((&self.name, ""))
    }

    /// Unbinds the device from its kernel driver and binds it again.
    pub async fn rebind(&self) -> std::io::Result<()> {
        let driver = PathBuf::from(SYSFS).join("bus/usb/drivers/usb");
        tokio::fs::write(driver.join("unbind"), &self.name).await?;
        tokio::time::sleep(UNBIND_PAUSE).await;
        tokio::fs::write(driver.join("bind"), &self.name).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn the_device_of_a_stick_behind_a_hub() {
        let folder = tempfile::tempdir().unwrap();
        let device = folder.path().join("devices/pci0/usb1/1-1/1-1.4");
        let port = device.join("1-1.4:1.2/ttyUSB2");
        std::fs::create_dir_all(&port).unwrap();
        for hub_or_stick in [&device, &folder.path().join("devices/pci0/usb1/1-1")] {
            std::fs::write(hub_or_stick.join("idVendor"), "2c7c").unwrap();
        }
        std::fs::write(device.join("idProduct"), "0125\n").unwrap();
        std::fs::write(device.join("serial"), "0123456789ABCDEF\n").unwrap();
        let class = folder.path().join("class/tty/ttyUSB2");
        std::fs::create_dir_all(&class).unwrap();
        symlink(&port, class.join("device")).unwrap();
        let found = UsbDevice::under(folder.path(), Path::new("/dev/ttyUSB2")).unwrap();
        assert_eq!((found.name.as_str(), found.hub_and_port()), ("1-1.4", ("1-1", "4")));
        assert_eq!(found.modem.unwrap().as_str(), "usb:2c7c:0125:0123456789ABCDEF");
        std::fs::remove_file(device.join("serial")).unwrap();
        let found = UsbDevice::under(folder.path(), Path::new("/dev/ttyUSB2")).unwrap();
        assert_eq!(found.modem, None);
        assert_eq!(UsbDevice::under(folder.path(), Path::new("/dev/ttyS0")), None);
        assert_eq!(UsbDevice { name: "2-3".to_owned(), modem: None }.hub_and_port(), ("2", "3"));
    }
}

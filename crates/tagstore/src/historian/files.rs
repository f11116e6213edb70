//! Files that are either whole or not there.

use std::fs::File;
use std::path::Path;

use crate::Error;

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), Error> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|e| Error::io(folder, &e))
}

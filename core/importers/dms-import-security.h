/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "importers/dms-import-reader.h"

G_BEGIN_DECLS

/* Tells of the options of `security_opt`, which Docker, Compose and Nomad write alike. privileged: whether
 * the container is to be. */
void dms_import_security_note_options (DmsImportReader *reader, const char *key, gboolean privileged);

G_END_DECLS

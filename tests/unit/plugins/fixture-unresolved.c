/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <gmodule.h>
#include <libpeas/peas.h>

void dms_fixture_missing_symbol (void);

G_MODULE_EXPORT void peas_register_types (PeasObjectModule *module);

/* Needs a function that nobody has. */
G_MODULE_EXPORT void
peas_register_types (PeasObjectModule *module)
{
  dms_fixture_missing_symbol ();
}

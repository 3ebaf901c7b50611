/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <gmodule.h>
#include <libpeas/peas.h>

G_MODULE_EXPORT void peas_register_types (PeasObjectModule *module);

/* Registers nothing. */
G_MODULE_EXPORT void
peas_register_types (PeasObjectModule *module)
{
}

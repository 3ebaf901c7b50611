/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <libpeas/peas.h>

#include "dms-libp2p-transport.h"

DMS_EXPORT void peas_register_types (PeasObjectModule *module);

/* What libpeas calls when it has loaded the plugin. */
void
peas_register_types (PeasObjectModule *module)
{
  peas_object_module_register_extension_type (module, DMS_TYPE_TRANSPORT, DMS_TYPE_LIBP2P_TRANSPORT);
}

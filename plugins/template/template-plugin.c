/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <gmodule.h>
#include <libpeas/peas.h>

#include <dms.h>

#include "dms-template-benchmark.h"

G_MODULE_EXPORT void peas_register_types (PeasObjectModule *module);

/* Called by libpeas when the plugin is loaded: one line for each contract the plugin implements. */
G_MODULE_EXPORT void
peas_register_types (PeasObjectModule *module)
{
  peas_object_module_register_extension_type (module, DMS_TYPE_BENCHMARK, DMS_TYPE_TEMPLATE_BENCHMARK);
}

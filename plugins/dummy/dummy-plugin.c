/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <gmodule.h>
#include <libpeas/peas.h>

#include <dms.h>

#include "dms-dummy-benchmark.h"
#include "dms-dummy-billing.h"
#include "dms-dummy-payment.h"
#include "dms-dummy-storage.h"
#include "dms-dummy-transport.h"
#include "dms-null-executor.h"

G_MODULE_EXPORT void peas_register_types (PeasObjectModule *module);

/* Called by libpeas when the plugin is loaded. */
G_MODULE_EXPORT void
peas_register_types (PeasObjectModule *module)
{
  peas_object_module_register_extension_type (module, DMS_TYPE_EXECUTOR, DMS_TYPE_NULL_EXECUTOR);
  peas_object_module_register_extension_type (module, DMS_TYPE_BENCHMARK, DMS_TYPE_DUMMY_BENCHMARK);
  peas_object_module_register_extension_type (module, DMS_TYPE_BILLING, DMS_TYPE_DUMMY_BILLING);
  peas_object_module_register_extension_type (module, DMS_TYPE_PAYMENT, DMS_TYPE_DUMMY_PAYMENT);
  peas_object_module_register_extension_type (module, DMS_TYPE_STORAGE, DMS_TYPE_DUMMY_STORAGE);
  peas_object_module_register_extension_type (module, DMS_TYPE_TRANSPORT, DMS_TYPE_DUMMY_TRANSPORT);
}

/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "store/dms-store.h"

G_BEGIN_DECLS

#define DMS_TYPE_PORT_LEDGER (dms_port_ledger_get_type ())

G_DECLARE_FINAL_TYPE (DmsPortLedger, dms_port_ledger, DMS, PORT_LEDGER, GObject)

/* Public ports of this machine and the allocations that hold them. @from and @to, both inclusive, are
 * clamped to 1025 … 65535. */
DmsPortLedger *dms_port_ledger_new (DmsStore *store, guint from, guint to);

/* Whether these ports and so many others could be had now; NO_RESOURCES or OUT_OF_RANGE says which not. */
gboolean dms_port_ledger_check (DmsPortLedger *self,
                                const guint16 *ports,
                                gsize n_ports,
                                guint n_dynamic,
                                GError **error);
/* Takes all or nothing. @jobs_ports: (nullable): the job's port for each of @ports. (transfer full)
 * (element-type guint16): the dynamic ports, in the order they count; NULL on error. */
GArray *dms_port_ledger_take (DmsPortLedger *self,
                              const char *allocation_id,
                              const guint16 *ports,
                              const guint16 *job_ports,
                              gsize n_ports,
                              guint n_dynamic,
                              GError **error);
/* Gives back whatever the allocation holds. */
gboolean dms_port_ledger_release (DmsPortLedger *self, const char *allocation_id, GError **error);
/* Says where a held port leads to; NOT_FOUND when this allocation does not hold it. */
gboolean dms_port_ledger_set_job_port (DmsPortLedger *self,
                                       const char *allocation_id,
                                       guint16 port,
                                       guint16 job_port,
                                       GError **error);
/* (transfer full) (element-type DmsPortMapping): those whose job port is known, by public port. */
GPtrArray *dms_port_ledger_list (DmsPortLedger *self, const char *allocation_id, GError **error);
/* (transfer full) (element-type guint16): the dynamic ports it holds, by number. */
GArray *dms_port_ledger_list_dynamic (DmsPortLedger *self, const char *allocation_id, GError **error);
/* (transfer full): every allocation ID that holds a port. */
GStrv dms_port_ledger_list_holders (DmsPortLedger *self, GError **error);

G_END_DECLS

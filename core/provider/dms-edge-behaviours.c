/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* `/dms/deployment/constraint/{edge,echo}` (orchestration.md 3.3). */

#include "provider/dms-edge-probe.h"
#include "provider/dms-provider-private.h"

static void
on_edge (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  dms_edge_meter_handle_question (dms_provider_get_edge_meter (user_data), message);
}

static void
on_echo (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  dms_edge_meter_handle_echo (dms_provider_get_edge_meter (user_data), message);
}

void
dms_edge_behaviours_install (DmsProvider *provider, DmsActor *root)
{
  dms_actor_add_behaviour (
      root, "/dms/deployment/constraint/edge", DMS_BEHAVIOUR_REQUIRE, on_edge, provider, NULL);
  /* Machines that bid for the same ensemble need not trust each other. */
  dms_actor_add_behaviour (root, DMS_EDGE_ECHO_BEHAVIOUR, DMS_BEHAVIOUR_OPEN, on_echo, provider, NULL);
}

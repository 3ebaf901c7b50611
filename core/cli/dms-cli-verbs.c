/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-verbs.h"

#include "cli/behaviours/dms-behaviours.h"

static const DmsCliVerb *const verbs[] = {
  &dms_verb_actor,
  &dms_verb_actor_broadcast,
  &dms_verb_actor_cmd,
  &dms_verb_actor_invoke,
  &dms_verb_actor_msg,
  &dms_verb_actor_send,
  &dms_verb_cap,
  &dms_verb_cap_anchor,
  &dms_verb_cap_broadcast,
  &dms_verb_cap_delegate,
  &dms_verb_cap_explain,
  &dms_verb_cap_grant,
  &dms_verb_cap_invite,
  &dms_verb_cap_join,
  &dms_verb_cap_leave,
  &dms_verb_cap_list,
  &dms_verb_cap_new,
  &dms_verb_cap_remove,
  &dms_verb_cap_revoke,
  &dms_verb_completion,
  &dms_verb_config,
  &dms_verb_config_edit,
  &dms_verb_config_get,
  &dms_verb_config_set,
  &dms_verb_contracts,
  &dms_verb_contracts_list,
  &dms_verb_contracts_list_incoming,
  &dms_verb_contracts_list_outgoing,
  &dms_verb_deploy,
  &dms_verb_ensemble,
  &dms_verb_ensemble_diff,
  &dms_verb_ensemble_graph,
  &dms_verb_ensemble_import,
  &dms_verb_ensemble_plan,
  &dms_verb_ensemble_validate,
  &dms_verb_get,
  &dms_verb_get_allocations,
  &dms_verb_get_deployments,
  &dms_verb_get_why,
  &dms_verb_gpu,
  &dms_verb_gpu_list,
  &dms_verb_gpu_test,
  &dms_verb_job,
  &dms_verb_job_deploy,
  &dms_verb_job_list,
  &dms_verb_job_manifest,
  &dms_verb_job_output,
  &dms_verb_job_status,
  &dms_verb_job_stop,
  &dms_verb_job_wait,
  &dms_verb_key,
  &dms_verb_key_backup,
  &dms_verb_key_create_prism,
  &dms_verb_key_did,
  &dms_verb_key_export,
  &dms_verb_key_import,
  &dms_verb_key_import_prism,
  &dms_verb_key_ledger_alias,
  &dms_verb_key_ledger_alias_set,
  &dms_verb_key_new,
  &dms_verb_key_restore,
  &dms_verb_key_rotate,
  &dms_verb_manual,
  &dms_verb_network,
  &dms_verb_network_addresses,
  &dms_verb_network_connections,
  &dms_verb_network_dial,
  &dms_verb_network_limits,
  &dms_verb_network_peers,
  &dms_verb_network_ping,
  &dms_verb_network_swarm,
  &dms_verb_network_swarm_join,
  &dms_verb_network_swarm_new,
  &dms_verb_network_swarm_show,
  &dms_verb_plugin,
  &dms_verb_plugin_info,
  &dms_verb_plugin_list,
  &dms_verb_run,
  &dms_verb_validate,
  &dms_verb_version,
};

static const DmsCliVerb *const behaviours[] = {
  dms_behaviours_capabilities, dms_behaviours_contracts,  dms_behaviours_deployments,
  dms_behaviours_node,         dms_behaviours_onboarding, dms_behaviours_volumes,
};

static gpointer
collect (gpointer data)
{
  GPtrArray *all = g_ptr_array_new ();
  const DmsCliVerb *verb;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (verbs); i++)
    g_ptr_array_add (all, (gpointer) verbs[i]);
  for (i = 0; i < G_N_ELEMENTS (behaviours); i++)
    {
      for (verb = behaviours[i]; verb->path != NULL; verb++)
        g_ptr_array_add (all, (gpointer) verb);
    }
  g_ptr_array_add (all, NULL);

  return g_ptr_array_free (all, FALSE);
}

/**
 * dms_cli_verbs_get_all:
 *
 * Returns: (transfer none): every verb of the program, ended by %NULL; the list is made once
 */
const DmsCliVerb *const *
dms_cli_verbs_get_all (void)
{
  static GOnce once = G_ONCE_INIT;

  return g_once (&once, collect, NULL);
}

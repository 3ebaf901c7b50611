/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "cli/dms-cli-verb.h"

G_BEGIN_DECLS

/* Every verb, ended by NULL. A verb above others (as `cap` is above `cap grant`) has an entry of its own. */
const DmsCliVerb *const *dms_cli_verbs_get_all (void);

/* One constant a file in verbs/. The behaviours below `actor cmd` are tables in behaviours/. */
extern const DmsCliVerb dms_verb_actor;
extern const DmsCliVerb dms_verb_actor_broadcast;
extern const DmsCliVerb dms_verb_actor_cmd;
extern const DmsCliVerb dms_verb_actor_invoke;
extern const DmsCliVerb dms_verb_actor_msg;
extern const DmsCliVerb dms_verb_actor_send;
extern const DmsCliVerb dms_verb_completion;
extern const DmsCliVerb dms_verb_config;
extern const DmsCliVerb dms_verb_config_edit;
extern const DmsCliVerb dms_verb_config_get;
extern const DmsCliVerb dms_verb_config_set;
extern const DmsCliVerb dms_verb_contracts;
extern const DmsCliVerb dms_verb_contracts_list;
extern const DmsCliVerb dms_verb_contracts_list_incoming;
extern const DmsCliVerb dms_verb_contracts_list_outgoing;
extern const DmsCliVerb dms_verb_deploy;
extern const DmsCliVerb dms_verb_ensemble;
extern const DmsCliVerb dms_verb_ensemble_diff;
extern const DmsCliVerb dms_verb_ensemble_graph;
extern const DmsCliVerb dms_verb_ensemble_import;
extern const DmsCliVerb dms_verb_ensemble_plan;
extern const DmsCliVerb dms_verb_ensemble_validate;
extern const DmsCliVerb dms_verb_get;
extern const DmsCliVerb dms_verb_get_allocations;
extern const DmsCliVerb dms_verb_get_deployments;
extern const DmsCliVerb dms_verb_get_why;
extern const DmsCliVerb dms_verb_gpu;
extern const DmsCliVerb dms_verb_gpu_list;
extern const DmsCliVerb dms_verb_gpu_test;
extern const DmsCliVerb dms_verb_manual;
extern const DmsCliVerb dms_verb_cap;
extern const DmsCliVerb dms_verb_cap_anchor;
extern const DmsCliVerb dms_verb_cap_broadcast;
extern const DmsCliVerb dms_verb_cap_delegate;
extern const DmsCliVerb dms_verb_cap_explain;
extern const DmsCliVerb dms_verb_cap_grant;
extern const DmsCliVerb dms_verb_cap_invite;
extern const DmsCliVerb dms_verb_cap_join;
extern const DmsCliVerb dms_verb_cap_leave;
extern const DmsCliVerb dms_verb_cap_list;
extern const DmsCliVerb dms_verb_cap_new;
extern const DmsCliVerb dms_verb_cap_remove;
extern const DmsCliVerb dms_verb_cap_revoke;
extern const DmsCliVerb dms_verb_job;
extern const DmsCliVerb dms_verb_job_deploy;
extern const DmsCliVerb dms_verb_job_list;
extern const DmsCliVerb dms_verb_job_manifest;
extern const DmsCliVerb dms_verb_job_output;
extern const DmsCliVerb dms_verb_job_status;
extern const DmsCliVerb dms_verb_job_stop;
extern const DmsCliVerb dms_verb_job_wait;
extern const DmsCliVerb dms_verb_key;
extern const DmsCliVerb dms_verb_key_backup;
extern const DmsCliVerb dms_verb_key_create_prism;
extern const DmsCliVerb dms_verb_key_did;
extern const DmsCliVerb dms_verb_key_export;
extern const DmsCliVerb dms_verb_key_import;
extern const DmsCliVerb dms_verb_key_import_prism;
extern const DmsCliVerb dms_verb_key_ledger_alias;
extern const DmsCliVerb dms_verb_key_ledger_alias_set;
extern const DmsCliVerb dms_verb_key_new;
extern const DmsCliVerb dms_verb_key_restore;
extern const DmsCliVerb dms_verb_key_rotate;
extern const DmsCliVerb dms_verb_network;
extern const DmsCliVerb dms_verb_network_addresses;
extern const DmsCliVerb dms_verb_network_connections;
extern const DmsCliVerb dms_verb_network_dial;
extern const DmsCliVerb dms_verb_network_limits;
extern const DmsCliVerb dms_verb_network_peers;
extern const DmsCliVerb dms_verb_network_ping;
extern const DmsCliVerb dms_verb_network_swarm;
extern const DmsCliVerb dms_verb_network_swarm_join;
extern const DmsCliVerb dms_verb_network_swarm_new;
extern const DmsCliVerb dms_verb_network_swarm_show;
extern const DmsCliVerb dms_verb_plugin;
extern const DmsCliVerb dms_verb_plugin_info;
extern const DmsCliVerb dms_verb_plugin_list;
extern const DmsCliVerb dms_verb_run;
extern const DmsCliVerb dms_verb_validate;
extern const DmsCliVerb dms_verb_version;

G_END_DECLS

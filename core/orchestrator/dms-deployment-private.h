/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "orchestrator/dms-asking-waves.h"
#include "orchestrator/dms-bid-ranking.h"
#include "orchestrator/dms-deployment-placing.h"
#include "orchestrator/dms-deployment.h"
#include "orchestrator/dms-log-fetch.h"
#include "orchestrator/dms-provider-search.h"
#include "orchestrator/dms-refusal-book.h"
#include "provider/dms-bid.h"
#include "workflow/dms-workflow.h"

/* Times of orchestration.md 1, in seconds. */
enum
{
  DMS_DEPLOYMENT_BID_SECONDS = 5,
  DMS_DEPLOYMENT_COMMIT_SECONDS = 3,
  DMS_DEPLOYMENT_ALLOCATE_SECONDS = 5,
  DMS_DEPLOYMENT_START_SECONDS = 300,
  DMS_DEPLOYMENT_SHUTDOWN_SECONDS = 15,
  DMS_DEPLOYMENT_REVERT_SECONDS = 30,
  DMS_DEPLOYMENT_SLACK_SECONDS = 15,
  DMS_DEPLOYMENT_PROBE_SECONDS = 5,
  DMS_DEPLOYMENT_RESTART_SECONDS = 120,
  /* For a deployment that is taken up after a restart of the node: its own time is over by then. */
  DMS_DEPLOYMENT_FRESH_BUDGET_SECONDS = 120,
};

/* How a machine came to hear of a request. */
typedef enum
{
  DEPLOY_WAY_GOSSIP,
  /* Asked by itself, found by a provider record. */
  DEPLOY_WAY_RECORD,
  /* Asked by itself: this one, one that was named, or one that is connected. */
  DEPLOY_WAY_DIRECT,
  DEPLOY_N_WAYS,
} DeployWay;

/* How a node's allocations are made anew. */
typedef enum
{
  /* On the machine where they are. */
  DEPLOY_RENEW_THERE,
  /* On another one. */
  DEPLOY_RENEW_ELSEWHERE,
  /* On another one, without waiting for this one, which is told later to take back what it has. */
  DEPLOY_RENEW_LOST,
} DeployRenewal;

typedef struct _DeployNode DeployNode;
typedef struct _DeploySupervision DeploySupervision;
typedef struct _DeployAllocation DeployAllocation;
typedef struct _DeployChange DeployChange;
typedef struct _DeployQuestion DeployQuestion;

/* How often a machine is asked to start or restart something. */
typedef enum
{
  /* Where twice might be done twice. */
  DEPLOY_ASK_ONCE,
  /* Until it says that it has. What else it says to a question that comes again may be that it is at it. */
  DEPLOY_ASK_UNTIL_GOOD,
  /* Until it says anything: it knows by the number what it was asked before. */
  DEPLOY_ASK_UNTIL_ANSWERED,
} DeployInsistence;

/* reply: (nullable): NULL when there is no answer; text: (nullable): what is wrong, NULL when nothing is. */
typedef void (*DeployAnswered) (DeployAllocation *allocation,
                                JsonObject *reply,
                                const char *text,
                                gpointer user_data);

/* A change has ended. @error: NULL when everything is as it was wanted. */
typedef void (*DeployChanged) (DmsDeployment *self, const char *error, gpointer user_data);

/* A node of the ensemble while it is deployed. */
struct _DeployNode
{
  DmsDeployment *deployment;
  const char *name;
  DmsNodeConfig *config;
  /* (element-type DeployAllocation): unowned */
  GPtrArray *allocations;
  /* (element-type DmsBid) */
  GPtrArray *bids;
  /* The machine that was chosen, if any. */
  DmsBid *bid;
  /* Whether that machine may hold something of ours. */
  gboolean touched;
  /* Whether a slot of the workflow could not be released there. */
  gboolean unreleased;
  /* utf8: the machine that it shall not be given again now. */
  GPtrArray *shunned;
  /* Its machine does not answer any more, and is not waited for. */
  gboolean is_lost;
  /* (nullable): whose standby it is; and whether it still waits to take over. */
  const char *primary;
  guint standby_index;
  gboolean standby;
  /* (nullable): of a standby, whose config no ensemble has. */
  DmsNodeConfig *own_config;
  /* A standby does its work. */
  gboolean replaced;
  /* Supervision: its machine is silent; is waited for; what it has is being started anew; what went wrong. */
  gboolean silent;
  gboolean awaited;
  gboolean repairing;
  char *problem;
  /* It is to be placed elsewhere when its turn comes; or has been, with success unless there is a problem. */
  gboolean queued;
  gboolean renewed;
  /* The machine has answered heartbeats. */
  gboolean answered;
  guint watch;
  guint fence_timer;
  /* Answers that are waited for and are about it. */
  guint n_calls;
  /* When the last lease that was given there, with a start or a heartbeat, is over for sure (monotonic). */
  gint64 lease_end_us;
};

/* An allocation while it is deployed. */
struct _DeployAllocation
{
  DmsDeployment *deployment;
  DeployNode *node;
  DmsAllocationConfig *config;
  char *id;
  char *key;
  DmsHandle *handle;
  const char *status;
  GArray *dynamic_ports;
  gboolean started;
  gboolean ended;
  /* A slot of the workflow whose task has ended, and whose machine is being told. */
  gboolean releasing;
  /* (nullable): what its machine was asked last, and has not answered yet. */
  DeployQuestion *question;
  /* It was brought to run, or to its end: the steps of a deployment pass it by. */
  gboolean settled;
  /* No part of the ensemble any more. */
  gboolean retired;
  /* What the machine said about the end: {status, error, result}. */
  JsonNode *termination;
  /* (nullable): what its machine sent of the logs with that; until they are fetched. */
  JsonObject *small_logs;
  char *reason;
  guint layer;
  /* Monotonic; while others wait until it is well. */
  gint64 started_us;
  /* Supervision. */
  guint probe_timer;
  gboolean probing;
  guint strikes;
  /* So many times in a row its machine did not name it among what it has. */
  guint n_missing;
  /* It is about to be started anew; it is left as it is; how often it was, at all and of late. */
  gboolean repairing;
  gboolean given_up;
  guint n_restarts;
  guint n_recent;
  gint64 last_restart_us;
  gint64 restart_due_us;
  gint64 heartbeat_seq;
  gint64 heartbeat_us;
  JsonNode *health;
  JsonNode *usage;
  DmsLogFetch *fetch;
  gboolean logs_settled;
  /* Answers that are waited for and are about it. */
  guint n_calls;
};

struct _DmsDeployment
{
  GObject parent_instance;

  char *id;
  DmsEnsemble *ensemble;
  /* Its wire form, which every stored view has. */
  JsonNode *ensemble_json;
  DmsActor *root;
  DmsKey *node_key;
  DmsActor *actor;
  DmsDeploymentRecords *records;
  char *work_dir;
  guint64 expiry_ns;
  /* Taken up from a record of an earlier run. */
  gboolean restored;
  gboolean attached;
  gboolean over;
  /* It is being shut down because it has failed. */
  gboolean failing;
  /* Ends with the choice of machines, and is never stored; then what would have been. */
  gboolean planning;
  JsonNode *plan;

  DmsDeploymentStatus status;
  char *error;
  gint64 completed_us;
  /* (element-type DeployNode), (element-type DeployAllocation) */
  GPtrArray *nodes;
  GPtrArray *allocations;
  /* What an update has removed, and the ensembles that it was part of, until the last answer about any of it
   * has come. */
  GPtrArray *retired_nodes;
  GPtrArray *retired_allocations;
  GPtrArray *earlier_ensembles;
  /* While something of a running deployment changes. */
  DeployChange *change;

  /* What is being waited for. Answers that belong to an earlier step are not listened to. */
  guint step;
  guint n_pending;
  char *step_error;
  GCancellable *step_cancellable;
  /* Of calls that belong to no step. */
  GCancellable *steady;
  guint timer;
  gboolean collecting;
  /* No machine had room; the next round comes with the timer. */
  gboolean waiting;
  gint64 round_began_us;
  /* When the first offer of this round came, and when every node had one; 0 before. */
  gint64 first_bid_us;
  gint64 enough_us;
  /* The latest look at the bids, and by how much such looks have come too late in this round. */
  gint64 looked_us;
  gint64 late_us;
  /* Of the newest request for bids, and with it the attempt. It starts at the time of day, so that it goes on
   * growing when the node was restarted. */
  guint64 round;
  /* Of the newest question to start or restart something; grows in the same way. */
  guint64 number;
  /* Asking: a round asks a few of many machines first, then more, wave after wave. */
  DmsProviderSearch *search;
  gboolean searched;
  /* Peer to DeployWay: who was asked by itself in this round. */
  GHashTable *asked;
  /* What the machines of this wave are asked. */
  JsonNode *question;
  DmsAskingWaves waves;
  gboolean asked_connected;
  guint n_asks;
  /* Bids that came, of any use or not; and those of use. */
  guint n_heard;
  guint n_bids[DEPLOY_N_WAYS];
  /* (nullable): choosing among the offers. */
  DeployPlacing *placing;
  /* What machines said, and whether they are being asked why they make no offer. */
  DmsRefusalBook *why;
  gboolean asking_why;
  gint64 why_began_us;
  /* (nullable): what was seen of machines, and where this one is. */
  DmsTrackRecord *track;
  DmsLocation *here;
  guint n_attempts;
  guint n_same_error;
  guint layer;
  guint grant_timer;
  /* (nullable) */
  DmsWorkflow *workflow;
  GCancellable *workflow_cancellable;
  guint workflow_timer;
  GPtrArray *shutdown_tasks;
  GString *shutdown_errors;
  /* (nullable) */
  DmsHeartbeats *heartbeats;
  /* (nullable); and machines (DmsHandle) that have not yet heard that this node leads now. */
  DmsSuccession *succession;
  GPtrArray *unclaimed;
  guint claim_timer;
  /* (nullable): from when it runs for the first time. */
  DeploySupervision *supervision;
  /* Until then a machine that could not be told to end it may run what is marked single (monotonic). */
  gint64 fence_us;
};

/* An answer that is waited for: who it is about, and the step it belongs to. */
typedef struct
{
  DmsDeployment *deployment;
  DeployNode *node;
  DeployAllocation *allocation;
  guint step;
} DeployCall;

DeployCall *dms_deployment_call_new (DmsDeployment *self, DeployNode *node, DeployAllocation *allocation);
void dms_deployment_call_free (DeployCall *call);
/* Finishes an invocation. The reply's object, valid as long as *message; NULL with *text set to what went
 * wrong. */
JsonObject *
dms_deployment_call_finish (GObject *source, GAsyncResult *result, DmsMessage **message, char **text);
/* Whether a reply says OK; else *text is what it says. */
gboolean dms_deployment_reply_is_ok (JsonObject *reply, char **text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DeployCall, dms_deployment_call_free)

/* A call about an allocation that runs: no step ends it. */
DeployCall *dms_deployment_call_new_steady (DmsDeployment *self, DeployAllocation *allocation);
/* Starts a new step: what is still open of the last one is cancelled. */
void dms_deployment_next_step (DmsDeployment *self);
gboolean dms_deployment_call_is_current (DeployCall *call);
/* Keeps the first error of a step. */
void dms_deployment_note_error (DmsDeployment *self, const char *about, const char *text);
guint64 dms_deployment_expiry_in (guint seconds);
gboolean dms_deployment_time_is_up (DmsDeployment *self);

void dms_deployment_set_status (DmsDeployment *self, DmsDeploymentStatus status);
/* Stores the deployment as it is now. A failure is logged. */
gboolean dms_deployment_save (DmsDeployment *self);
void dms_deployment_log (DmsDeployment *self,
                         GLogLevelFlags level,
                         const char *message,
                         DeployAllocation *allocation,
                         const char *error);

/* Whether the steps of a deployment have to do with the node. */
gboolean dms_deployment_node_is_open (DeployNode *node);
/* (nullable): the machine that it must be given: the one it is bound to, or where a part of it runs. */
const char *dms_deployment_node_get_peer (DeployNode *node);
/* Everything is to be done again, or to be taken back. */
void dms_deployment_unsettle (DmsDeployment *self);
/* Lets go of what an update has removed, unless an answer about it is still waited for. */
void dms_deployment_let_go (DmsDeployment *self);
/* Takes another ensemble: what both have stays as it is, what is new is not settled. */
void dms_deployment_set_ensemble (DmsDeployment *self, DmsEnsemble *ensemble);
/* changing */
/* All of the node is taken back and made anew. FALSE when it is not running, or already changes. */
gboolean dms_deployment_renew (DmsDeployment *self,
                               DeployNode *node,
                               DeployRenewal how,
                               DeployChanged done,
                               gpointer user_data);
/* What was to be placed cannot be. */
void dms_deployment_change_fail (DmsDeployment *self, const char *why);
/* (nullable) (transfer full): it has ended; to be told when the deployment runs. */
DeployChange *dms_deployment_steal_change (DmsDeployment *self);
void dms_deployment_finish_change (DmsDeployment *self, DeployChange *change);
/* It was interrupted by the end of the daemon: puts everything as it was before. */
void dms_deployment_undo_change (DmsDeployment *self);
/* Ends it because the deployment does. */
void dms_deployment_abandon_change (DmsDeployment *self);
/* (nullable) (transfer full): what is stored of it, and back. */
JsonNode *dms_deployment_dup_change (DmsDeployment *self);
gboolean dms_deployment_read_change (DmsDeployment *self, JsonNode *json, GError **error);
/* asking */
void dms_deployment_begin_asking (DmsDeployment *self);
/* From time to time while offers are missing. FALSE when all have been asked and had their time. */
gboolean dms_deployment_go_on_asking (DmsDeployment *self);
void dms_deployment_stop_asking (DmsDeployment *self);
gboolean dms_deployment_others_may_answer (DmsDeployment *self);
/* One machine about one node, also when it made an offer for another. */
void dms_deployment_ask_about (DmsDeployment *self, DeployNode *node, const char *peer);
DeployWay dms_deployment_get_way (DmsDeployment *self, const char *peer);
const char *dms_deployment_way_to_string (DeployWay way);
/* (transfer full): whom it asked, for people. */
char *dms_deployment_describe_asking (DmsDeployment *self);
/* requests */
/* (transfer full): what all allocations of the node need together. */
DmsResources *dms_deployment_sum_resources (DeployNode *node);
/* (transfer full) (nullable): what they require besides, with what the node does; NULL when none can meet
 * it. */
DmsProfile *dms_deployment_sum_required (DeployNode *node);
/* (transfer full): one `{"V1": …}` of an EnsembleBidRequest. */
JsonObject *dms_deployment_make_request (DeployNode *node);
/* (transfer full): each once. */
GStrv dms_deployment_list_executors (DeployNode *node);
DmsRefusalNeed *dms_deployment_make_need (DeployNode *node);
/* Whether it is bound to no machine, and has no offer yet. */
gboolean dms_deployment_node_is_missing (DeployNode *node);
/* (transfer full): the next question; only: (nullable): the node to ask for; NULL asks for all that are
 * missing. */
JsonNode *dms_deployment_make_ensemble_request (DmsDeployment *self, DeployNode *only);
/* (transfer full) (nullable): the root actor of a machine, whose key is in the peer ID. */
DmsHandle *dms_deployment_make_root_handle (DmsDeployment *self, const char *peer);
/* why */
/* When all have been asked for offers and some are missing: asks for the reasons. Whether they are to be
 * waited for; to be called again until they are not. */
gboolean dms_deployment_ask_why (DmsDeployment *self);
void dms_deployment_handle_refusal (DmsDeployment *self, DmsMessage *message);
/* A bid that does not say that it meets what is required; that is a refusal, too. */
void dms_deployment_note_unmet (DmsDeployment *self, DeployNode *node, DmsBid *bid);
/* Before offers are taken, and for each that is. terms: for people */
void dms_deployment_begin_choice (DmsDeployment *self);
void dms_deployment_note_choice (DmsDeployment *self, DeployNode *node, double cost, const char *terms);
/* bidding */
/* (transfer full): the bids for a node in their order, by what the node and its allocations prefer. */
DmsBidRanking *dms_deployment_rank_bids (DmsDeployment *self, DeployNode *node);
/* The machine of a node, or of an allocation, did not do what it had offered. about: as in note_error() */
void dms_deployment_blame (DmsDeployment *self, const char *about);
/* All machines did. */
void dms_deployment_praise (DmsDeployment *self);
void dms_deployment_collect_bids (DmsDeployment *self);
void dms_deployment_handle_bid (DmsActor *actor, DmsMessage *message, gpointer user_data);
/* planning: what there is to tell is kept, and it is over. why: (nullable): why no choice was possible */
void dms_deployment_end_plan (DmsDeployment *self, const char *why);
/* commit and allocate */
void dms_deployment_commit (DmsDeployment *self);
/* Takes back what the machines may hold, tries again while there is time, fails otherwise. */
void dms_deployment_retry (DmsDeployment *self, const char *why);
/* Takes back everything; then calls done, unless another step begins before. */
void dms_deployment_revert (DmsDeployment *self, void (*done) (DmsDeployment *self));
/* The node's machine could not be told to take back what it has: emits not-reverted. */
void dms_deployment_leave_behind (DmsDeployment *self, DeployNode *node);
void dms_deployment_fail (DmsDeployment *self, const char *why);
/* Everything is taken back and asked for anew, with fresh time. */
void dms_deployment_redeploy (DmsDeployment *self);
/* (transfer full): what a machine is told to take back. */
JsonNode *dms_deployment_make_revert (DeployNode *node);
/* What a machine had of a node is no concern of ours any more. */
void dms_deployment_forget_node (DeployNode *node);
/* questions */
/* Has the machine of an allocation start or restart it; payload: (transfer full). answered is called once,
 * unless cancellable is cancelled before. */
void dms_deployment_ask (DeployAllocation *allocation,
                         const char *behaviour,
                         JsonObject *payload,
                         guint seconds,
                         DeployInsistence insistence,
                         GCancellable *cancellable,
                         DeployAnswered answered,
                         gpointer user_data,
                         GDestroyNotify user_data_free);
/* An answer may still come, and counts. */
void dms_deployment_ask_no_more (DeployAllocation *allocation);
/* Whether an answer is waited for in this step. */
gboolean dms_deployment_is_starting (DeployAllocation *allocation);
/* It is not, any more. FALSE when it was not. */
gboolean dms_deployment_stop_waiting_for_start (DeployAllocation *allocation);
/* provisioning and running */
JsonObject *dms_deployment_make_start (DeployAllocation *allocation);
void dms_deployment_provision (DmsDeployment *self);
void dms_deployment_run (DmsDeployment *self);
/* Whether something that has not started depends on it. */
gboolean dms_deployment_has_dependants (DmsDeployment *self, DeployAllocation *allocation);
/* Waits until it is well, then settles its start. */
void dms_deployment_await_health (DeployAllocation *allocation);
/* One of those that start at this time has, or has not. */
void dms_deployment_start_settled (DeployAllocation *allocation, const char *error);
void dms_deployment_install_behaviours (DmsDeployment *self);
void dms_deployment_grant_all (DmsDeployment *self);
void dms_deployment_check_completion (DmsDeployment *self);
void dms_deployment_watch (DmsDeployment *self, DeployAllocation *allocation);
void dms_deployment_unwatch (DeployAllocation *allocation);
void dms_deployment_fetch_logs (DmsDeployment *self, DeployAllocation *allocation);
/* What is fetched, or was, is of an earlier run: the next one begins anew. */
void dms_deployment_drop_fetch (DeployAllocation *allocation);
/* A machine of this ensemble that speaks of one of its allocations. (nullable) */
DeployAllocation *dms_deployment_find_reporter (DmsDeployment *self, DmsMessage *message);
/* children */
void dms_deployment_install_children (DmsDeployment *self);
/* A job wants something of its children: emits child-request. */
void dms_deployment_ask_for_child (DmsDeployment *self, DmsMessage *message);
/* The job whose machine sends a message. (nullable) */
DmsAllocationConfig *
dms_deployment_find_asker (DmsDeployment *self, DmsMessage *message, const char **allocation_id);
gboolean dms_deployment_job_is_alive (DmsDeployment *self, const char *allocation_id);
/* workflow */
void dms_deployment_workflow_prepare (DmsDeployment *self);
/* Goes on with it; from the time when the deployment runs. */
void dms_deployment_workflow_run (DmsDeployment *self);
void dms_deployment_workflow_stop (DmsDeployment *self);
/* Takes up again what was stopped: whatever was not answered is asked again. */
void dms_deployment_workflow_resume (DmsDeployment *self);
/* The ensemble is another one: what is in both goes on. gone: (nullable): what
 * dms_deployment_workflow_leave() gave when tasks left that are back now. */
void dms_deployment_workflow_renew (DmsDeployment *self, JsonObject *gone);
/* Tasks that are not in this ensemble are about to be taken back: what they have come to, by name; what they
 * ran is lost. (transfer full) (nullable) */
JsonObject *dms_deployment_workflow_leave (DmsDeployment *self, DmsEnsemble *to);
void dms_deployment_workflow_finish (DmsDeployment *self);
/* Whether the workflow starts this one, and not the deployment. */
gboolean dms_deployment_workflow_owns (DeployAllocation *allocation);
/* The news that a run has ended. FALSE when it could not be stored, and is to be said again. */
gboolean dms_deployment_workflow_take_end (DmsDeployment *self, DeployAllocation *slot, JsonObject *payload);
/* Whatever the slot executed is gone with its machine. Begins nothing: others may be gone as well. Whether it
 * executed anything. */
gboolean dms_deployment_workflow_give_up (DmsDeployment *self, DeployAllocation *slot, const char *reason);
/* reach */
/* Waits until the machines can be reached, or for a moment, before func is called. */
void dms_deployment_reach_machines (DmsDeployment *self, void (*func) (DmsDeployment *self));
/* succession */
/* Calls func when what was stored last is not lost with this node: at once, if nobody else can take over. Not
 * when another step has begun. */
void dms_deployment_when_safe (DmsDeployment *self, void (*func) (DmsDeployment *self));
/* Says to a machine that its news is stored, once it cannot be lost. */
void dms_deployment_acknowledge (DmsDeployment *self, DmsMessage *message);
/* A machine that votes besides two orchestrators, who alone could not replace each other; once. */
void dms_deployment_choose_witness (DmsDeployment *self);
/* The same with what is allocated, so that nothing is there for a moment that could not be handed over. */
void dms_deployment_add_roll (DmsDeployment *self, JsonObject *payload);
/* Tells all machines who may lead; then calls func, or retries. */
void dms_deployment_tell_roll (DmsDeployment *self, void (*func) (DmsDeployment *self));
/* Tells the machines that this node leads now, if it did not before; then calls func. Goes on with those that
 * do not answer. */
void dms_deployment_claim_machines (DmsDeployment *self, void (*func) (DmsDeployment *self));
void dms_deployment_stop_claiming (DmsDeployment *self);
/* (nullable): the DID of the node that deployed it, when this one took over. */
char *dms_deployment_dup_founder (DmsDeployment *self);
/* end */
void dms_deployment_take_down (DmsDeployment *self);
/* The logs of another allocation are here, or will not come. */
void dms_deployment_logs_settled (DmsDeployment *self);
void dms_deployment_finish (DmsDeployment *self, DmsDeploymentStatus status);
/* The same when all work is done; what still waits to take over is given back first. */
void dms_deployment_finish_all (DmsDeployment *self, DmsDeploymentStatus status);
/* views */
JsonNode *dms_deployment_dup_view (DmsDeployment *self);
gboolean dms_deployment_read_view (DmsDeployment *self, JsonObject *view, GError **error);

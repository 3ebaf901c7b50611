/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-fake-provider.h"
#include "orchestrator/dms-orchestrator.h"

G_BEGIN_DECLS

/* One node that deploys, its own fake provider if it has one, a store in memory and a scratch directory. */
typedef struct
{
  char *dir;
  DmsTestNode *node;
  /* (nullable) */
  DmsFakeProvider *provider;
  DmsStore *store;
  DmsConfig *config;
  DmsOrchestrator *orchestrator;
} DmsTestOrchestrator;

typedef struct
{
  const char *name;
  void (*func) (DmsTestOrchestrator *self, gconstpointer user_data);
} DmsOrchestratorTest;

/* The main program of a test: runs all of them, each with a node of its own. prefix: `/orchestrator/` */
int dms_test_orchestrator_run (int argc,
                               char **argv,
                               const char *prefix,
                               const DmsOrchestratorTest *tests,
                               gsize n_tests);
void dms_test_orchestrator_start (DmsTestOrchestrator *self);
void dms_test_orchestrator_stop (DmsTestOrchestrator *self);
void dms_test_orchestrator_set_up (DmsTestOrchestrator *self, gconstpointer user_data);
/* The same without a provider: other machines answer, or nobody. */
void dms_test_orchestrator_set_up_alone (DmsTestOrchestrator *self);
void dms_test_orchestrator_tear_down (DmsTestOrchestrator *self, gconstpointer user_data);
/* (transfer full): another machine, which allows the node to ask it. hears: the topic, too */
DmsTestNode *dms_test_orchestrator_new_machine (DmsTestOrchestrator *self,
                                                gboolean hears,
                                                DmsBehaviourFunc on_request,
                                                gpointer user_data);
/* Asks the node something as its owner would. */
DmsMessage *
dms_test_orchestrator_ask_for (DmsTestOrchestrator *self, const char *name, const char *json, double seconds);
DmsMessage *dms_test_orchestrator_ask_about (DmsTestOrchestrator *self,
                                             const char *name,
                                             const char *member,
                                             const char *id);
const char *dms_test_text_of (DmsMessage *message, const char *member);
char *dms_test_orchestrator_deploy_text (DmsTestOrchestrator *self,
                                         const char *job,
                                         double seconds,
                                         char **error_text);
char *dms_test_orchestrator_deploy (DmsTestOrchestrator *self, const char *job);
char *dms_test_orchestrator_dup_status (DmsTestOrchestrator *self, const char *id, char **error_text);
void dms_test_orchestrator_await_status (DmsTestOrchestrator *self, const char *id, const char *status);
/* Until so many starts were asked for, and are answered unless they hang. */
void dms_test_orchestrator_await_starts (DmsTestOrchestrator *self, guint n);
char *dms_test_orchestrator_read_log (DmsTestOrchestrator *self, const char *id, const char *key);

G_END_DECLS

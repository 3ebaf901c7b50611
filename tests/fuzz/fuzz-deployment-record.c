/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include <string.h>

#include "common/dms-json-object.h"
#include "dms-fuzz-node.h"
#include "orchestrator/dms-orchestrator-private.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* What stands in a record for the machine that runs all of it, which is the node itself. */
#define HANDLE "\"@HANDLE@\""
#define PEER   "@PEER@"

static char *
fill_in (const guint8 *data, gsize size, DmsActor *root)
{
  g_autofree char *input = size > 0 ? g_strndup ((const char *) data, size) : g_strdup ("");
  g_autoptr (GString) text = g_string_new (input);
  g_autoptr (JsonNode) handle = dms_handle_to_json (dms_actor_get_handle (root));
  g_autofree char *handle_text = dms_json_node_to_text (handle);

  g_string_replace (text, HANDLE, handle_text, 32);
  g_string_replace (text, PEER, dms_handle_get_host (dms_actor_get_handle (root)), 32);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* What is known of it; and what is stored of it is read again. */
static void
look_at (DmsOrchestrator *orchestrator, DmsDeployment *deployment, DmsActor *root, DmsKey *key)
{
  DmsDeploymentRecords *records = dms_orchestrator_get_records (orchestrator);
  g_autoptr (DmsManifest) manifest = dms_deployment_dup_manifest (deployment);
  g_autoptr (JsonObject) info = dms_deployment_dup_allocation_info (deployment);
  g_autoptr (JsonNode) why = dms_deployment_dup_why (deployment);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsDocument) stored = dms_deployment_records_get (records, ID, &error);
  g_autoptr (DmsDeployment) again = NULL;

  g_assert_no_error (error);
  again = dms_deployment_new_from_record (stored, root, key, records, g_get_tmp_dir (), &error);
  g_assert_no_error (error);
}

/* The record of a deployment that this node takes up: an earlier run of it wrote that, or another node that
 * orchestrated it before. Whatever it says, the node goes on. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  DmsFuzzNode *node = dms_fuzz_node_get ();
  DmsActor *root = dms_fuzz_node_get_root (node);
  DmsOrchestrator *orchestrator = dms_node_get_orchestrator (dms_fuzz_node_get_node (node));
  DmsDeploymentRecords *records = dms_orchestrator_get_records (orchestrator);
  g_autofree char *text = fill_in (data, size, root);
  g_autoptr (JsonNode) body =
      g_utf8_validate (text, -1, NULL) ? dms_json_node_from_text (text, -1, NULL) : NULL;
  g_autoptr (DmsDocument) record = NULL;
  DmsDeployment *deployment;

  if (dms_json_node_get_child (body) == NULL || !dms_deployment_records_put (records, ID, body, NULL))
    return 0;
  record = dms_deployment_records_get (records, ID, NULL);
  g_assert_nonnull (record);
  dms_orchestrator_restore (orchestrator, record);
  deployment = dms_orchestrator_find (orchestrator, ID);
  if (deployment != NULL)
    look_at (orchestrator, deployment, root, dms_fuzz_node_get_owner (node));
  for (guint i = 0; i < 3; i++)
    dms_fuzz_node_settle (node);
  dms_orchestrator_let_go (orchestrator, ID);
  (void) dms_deployment_records_delete (records, ID, NULL);
  return 0;
}

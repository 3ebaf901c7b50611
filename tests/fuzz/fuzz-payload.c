/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include <string.h>

#include "common/dms-json-object.h"
#include "dms-fuzz-node.h"

#define MAX_MESSAGES 8

/* What stands in a payload for the ensemble that the node made last. */
#define ENSEMBLE "@ENSEMBLE@"
#define ALLOCATION "/dms/allocation/"

/* What the node answered so far, for the messages that follow. */
typedef struct {
  char *ensemble_id;
  DmsHandle *allocation;
} Session;

static void
session_clear (Session *self)
{
  g_free (self->ensemble_id);
  g_clear_pointer (&self->allocation, dms_handle_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Session, session_clear)

static void
learn (Session *self, JsonObject *reply)
{
  const char *id = dms_json_object_get_text (reply, "EnsembleID");
  JsonObject *allocations = dms_json_object_get_child (reply, "Allocations");
  g_autoptr (GList) names = allocations != NULL ? json_object_get_members (allocations) : NULL;

  if (id != NULL)
    {
      g_free (self->ensemble_id);
      self->ensemble_id = g_strdup (id);
    }
  if (names != NULL)
    {
      g_clear_pointer (&self->allocation, dms_handle_unref);
      self->allocation = dms_handle_new_from_json (json_object_get_member (allocations, names->data), NULL);
    }
}

static void
keep_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

/* An answer that does not come is as good as one: its behaviour may answer later, or never. */
static void
ask (Session *session, DmsFuzzNode *node, const char *behaviour, JsonNode *payload)
{
  DmsActor *root = dms_fuzz_node_get_root (node);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (DmsMessage) reply = NULL;
  DmsHandle *to = dms_actor_get_handle (root);

  if (session->allocation != NULL && g_str_has_prefix (behaviour, ALLOCATION))
    to = session->allocation;
  dms_actor_invoke_async (root, to, behaviour, payload, dms_actor_expiry_in (5), cancellable, keep_result,
                          &result);
  dms_fuzz_node_settle (node);
  g_cancellable_cancel (cancellable);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  reply = dms_actor_invoke_finish (root, result, NULL);
  if (reply != NULL)
    learn (session, dms_message_get_object (reply));
}

static void
say (Session *session, DmsFuzzNode *node, const char *line)
{
  const char *blank = strchr (line, ' ');
  g_autofree char *behaviour = blank != NULL ? g_strndup (line, (gsize) (blank - line)) : g_strdup (line);
  g_autoptr (GString) text = g_string_new (blank != NULL ? blank + 1 : "");
  g_autoptr (JsonNode) payload = NULL;

  if (session->ensemble_id != NULL)
    {
      g_string_replace (text, ENSEMBLE, session->ensemble_id, 0);
      g_string_truncate (text, 65536);
    }
  payload = text->len > 0 ? dms_json_node_from_text (text->str, (gssize) text->len, NULL) : NULL;
  if (g_utf8_validate (behaviour, -1, NULL))
    ask (session, node, behaviour, payload);
}

/* Messages to a node from itself, a line each: a behaviour, a blank and the payload. Their sender may do
 * everything, so every handler sees every payload. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = size > 0 ? g_strndup ((const char *) data, size) : g_strdup ("");
  g_auto (GStrv) lines = g_strsplit (text, "\n", MAX_MESSAGES + 1);
  g_auto (Session) session = { 0 };
  DmsFuzzNode *node = dms_fuzz_node_get ();

  for (guint i = 0; lines[i] != NULL && i < MAX_MESSAGES; i++)
    say (&session, node, lines[i]);
  return 0;
}

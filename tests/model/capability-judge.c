/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* Answers the questions of check_capabilities.py: a JSON object a line, to each a line with `allowed none` or
 * `refused` and the reason. It checks by the way that the explanation says the same, and so does a context
 * that was asked all questions before: what it remembers of them changes nothing. */

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include "capability/dms-capability-context.h"
#include "capability/dms-explanation.h"
#include "common/dms-json-object.h"

#define MAX_LINE (4 * 1024 * 1024)

static DmsDid *
read_did (JsonObject *question, const char *name)
{
  return dms_did_new (dms_json_object_get_text (question, name), NULL);
}

static void
check_explanation (DmsCapabilityContext *context, JsonObject *question, GBytes *tokens, const GError *error)
{
  g_autoptr (DmsTokenList) list = dms_token_list_new_from_bytes (tokens, NULL);
  g_autoptr (DmsDid) sender = read_did (question, "sender");
  g_autoptr (DmsDid) subject = read_did (question, "subject");
  g_autoptr (DmsDid) audience = read_did (question, "audience");
  g_autoptr (DmsExplanation) explanation = NULL;

  /* A list that cannot be read is refused before anything can be explained. */
  if (list == NULL)
    return;
  explanation = dms_explanation_new (context, list, sender, subject, audience,
                                     dms_json_object_get_text (question, "capability"),
                                     dms_json_object_get_text (question, "topic"), 0, DMS_EXPLAIN_PRESENTED);
  g_assert_cmpint (dms_explanation_is_allowed (explanation), ==, error == NULL);
  g_assert_cmpstr (dms_capability_fault_get_nick (dms_explanation_get_fault (explanation)), ==,
                   dms_capability_fault_get_nick (dms_capability_fault_of_error (error)));
}

/* NULL: allowed. */
static GError *
ask (DmsCapabilityContext *context, JsonObject *question, GBytes *tokens)
{
  const char *capability = dms_json_object_get_text (question, "capability");
  const char *topic = dms_json_object_get_text (question, "topic");
  const char *from = dms_json_object_get_text (question, "from");
  const char *to = dms_json_object_get_text (question, "to");
  g_autoptr (DmsDid) sender = read_did (question, "sender");
  GError *error = NULL;
  guint64 interaction = dms_capability_context_consume (context, sender, tokens, &error);

  if (interaction != 0 && topic != NULL)
    dms_capability_context_require_broadcast (context, interaction, from, topic, capability, &error);
  else if (interaction != 0)
    dms_capability_context_require (context, interaction, from, to, capability, &error);
  dms_capability_context_discard (context, interaction);
  return error;
}

static void
write_file (const char *path, const char *content)
{
  FILE *file = g_fopen (path, "w");

  g_assert_nonnull (file);
  g_assert_cmpint (fputs (content, file), >=, 0);
  g_assert_cmpint (fclose (file), ==, 0);
}

/* The same of the context that has been asked everything so far. */
static void
check_lasting (DmsCapabilityContext **lasting, const char *path, JsonObject *question, GBytes *tokens,
               const GError *expected)
{
  const char *content = dms_json_object_get_text (question, "context");
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) answer = NULL;

  write_file (path, content);
  if (*lasting == NULL)
    *lasting = dms_capability_context_load (path, NULL, &error);
  else
    dms_capability_context_reload (*lasting, path, &error);
  g_assert_no_error (error);
  answer = ask (*lasting, question, tokens);
  g_assert_cmpstr (dms_error_get_reason (answer), ==, dms_error_get_reason (expected));
}

static void
answer (DmsCapabilityContext **lasting, const char *path, JsonObject *question)
{
  const char *content = dms_json_object_get_text (question, "context");
  const char *text = dms_json_object_get_text (question, "tokens");
  g_autoptr (GBytes) tokens = g_bytes_new (text, strlen (text));
  g_autoptr (DmsCapabilityContext) context = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) refusal = NULL;

  context = dms_capability_context_new_from_data (content, strlen (content), "question", NULL, &error);
  g_assert_no_error (error);
  refusal = ask (context, question, tokens);
  check_explanation (context, question, tokens, refusal);
  check_lasting (lasting, path, question, tokens, refusal);
  if (refusal == NULL)
    printf ("allowed none\n");
  else
    printf ("refused %s\n", dms_error_get_reason (refusal));
}

int
main (void)
{
  g_autofree char *line = g_malloc (MAX_LINE);
  g_autofree char *folder = g_dir_make_tmp ("dms-judge-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "judge.cap", NULL);
  g_autoptr (DmsCapabilityContext) lasting = NULL;

  while (fgets (line, MAX_LINE, stdin) != NULL)
    {
      g_autoptr (JsonNode) node = dms_json_node_from_text (line, -1, NULL);

      g_assert_nonnull (node);
      answer (&lasting, path, dms_json_node_get_child (node));
      fflush (stdout);
    }
  g_unlink (path);
  g_rmdir (folder);
  return 0;
}

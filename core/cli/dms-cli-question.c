/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-question.h"

#include <dms.h>
#include <string.h>

#include "actor/dms-envelope.h"
#include "cli/dms-cli-identity.h"
#include "cli/dms-cli-terms.h"
#include "common/dms-file.h"

/* The most bytes of a message or a token list. */
#define MAX_TEXT (1024 * 1024)

static char *
read_input (DmsCliCall *call, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  char chunk[4096];
  gsize got;

  while ((got = fread (chunk, 1, sizeof chunk, dms_cli_call_get_in (call))) > 0 && text->len <= MAX_TEXT)
    g_string_append_len (text, chunk, (gssize) got);
  if (text->len > MAX_TEXT)
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_TOO_LARGE, _ ("standard input: more than 1 MiB"));
      return NULL;
    }

  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* A text as it is, that of a file for `@file`, or of standard input for `-`. */
static char *
read_text (DmsCliCall *call, const char *value, GError **error)
{
  g_autoptr (GBytes) content = NULL;

  if (strcmp (value, "-") == 0)
    return read_input (call, error);
  if (value[0] != '@')
    return g_strdup (value);

  content = dms_file_read (value + 1, MAX_TEXT, error);
  return content != NULL ? g_strdup (g_bytes_get_data (content, NULL)) : NULL;
}

static DmsDid *
did_of_actor (DmsHandle *handle, GError **error)
{
  guint8 public_key[32];

  if (dms_handle_get_ed25519 (handle, public_key))
    return dms_did_new_for_ed25519 (public_key);

  g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, _ ("--envelope: “%s” is no ID of an actor"),
               dms_handle_get_id (handle));
  return NULL;
}

/* Everything is in the message. What has expired is judged as it was just before. */
static gboolean
read_envelope (DmsCliCall *call, DmsCliQuestion *question, GError **error)
{
  g_autofree char *text = read_text (call, dms_cli_call_get_string (call, "envelope"), error);
  g_autoptr (DmsEnvelope) envelope = NULL;
  GBytes *tokens;

  if (text == NULL)
    return FALSE;
  g_strstrip (text);
  envelope = dms_envelope_new_from_data (text, strlen (text), error);
  if (envelope == NULL)
    {
      g_prefix_error (error, "--envelope: ");
      return FALSE;
    }

  question->subject = did_of_actor (dms_envelope_get_from (envelope), error);
  if (question->subject == NULL)
    return FALSE;
  if (!dms_envelope_is_broadcast (envelope))
    {
      question->audience = did_of_actor (dms_envelope_get_to (envelope), error);
      if (question->audience == NULL)
        return FALSE;
    }
  else
    question->topic = g_strdup (dms_envelope_get_topic (envelope));

  question->sender = dms_did_ref (dms_handle_get_did (dms_envelope_get_from (envelope)));
  question->capability = g_strdup (dms_envelope_get_behaviour (envelope));
  question->forged = !dms_envelope_verify_signature (envelope);
  if (dms_envelope_get_expiry_ns (envelope) < (guint64) g_get_real_time () * 1000)
    question->expired_ns = question->time_ns = dms_envelope_get_expiry_ns (envelope);

  tokens = dms_envelope_get_capability (envelope);
  if (tokens == NULL)
    return TRUE;
  question->tokens = dms_token_list_new_from_bytes (tokens, error);
  if (question->tokens == NULL)
    g_prefix_error (error, _ ("--envelope: the tokens: "));
  return question->tokens != NULL;
}

/* A DID, or a context of this user, which could present its provide anchors. */
static gboolean
read_subject (DmsCliCall *call, DmsCliQuestion *question, GError **error)
{
  const char *from = dms_cli_call_get_string (call, "from");
  g_autoptr (DmsCapabilityContext) context = NULL;

  if (g_str_has_prefix (from, "did:"))
    {
      question->subject = dms_did_new (from, error);
      return question->subject != NULL;
    }

  context = dms_cli_identity_load_expired (call, from, error);
  if (context == NULL)
    {
      g_prefix_error (error, _ ("--from is a DID or the name of a context: "));
      return FALSE;
    }
  question->subject = dms_did_ref (dms_capability_context_get_did (context));
  if (!dms_cli_call_is_set (call, "tokens"))
    question->tokens = dms_capability_context_dup_provide (context);
  return TRUE;
}

static gboolean
read_tokens (DmsCliCall *call, DmsCliQuestion *question, GError **error)
{
  g_autofree char *text = NULL;

  if (!dms_cli_call_is_set (call, "tokens"))
    return TRUE;

  text = read_text (call, dms_cli_call_get_string (call, "tokens"), error);
  question->tokens = text != NULL ? dms_cli_identity_parse_tokens (g_strstrip (text), error) : NULL;
  return question->tokens != NULL;
}

static gboolean
read_flags (DmsCliCall *call, DmsCliQuestion *question, GError **error)
{
  const char *audience = dms_cli_call_get_string (call, "audience");

  if (!dms_cli_call_is_set (call, "from") || !dms_cli_call_is_set (call, "cap"))
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT,
                           _ ("who asks for what? Give --from and --cap, or a whole message with "
                              "--envelope"));
      return FALSE;
    }

  question->flags = DMS_EXPLAIN_ASSUME_ISSUED;
  question->capability = g_strdup (dms_cli_call_get_string (call, "cap"));
  question->topic = g_strdup (dms_cli_call_get_string (call, "topic"));
  if (audience != NULL)
    {
      question->audience = dms_did_new (audience, error);
      if (question->audience == NULL)
        return FALSE;
    }

  return read_subject (call, question, error) && read_tokens (call, question, error);
}

/**
 * dms_cli_question_read:
 * @call: a call of a verb with the flags
 * @question: (out caller-allocates): what is asked
 * @error: return location for an error
 *
 * Returns: whether that is clear
 */
gboolean
dms_cli_question_read (DmsCliCall *call, DmsCliQuestion *question, GError **error)
{
  if (!(dms_cli_call_is_set (call, "envelope") ? read_envelope (call, question, error)
                                               : read_flags (call, question, error)))
    return FALSE;
  if (!dms_cli_call_is_set (call, "at"))
    return TRUE;

  return dms_cli_terms_parse_date (dms_cli_call_get_string (call, "at"), &question->time_ns, error);
}

/**
 * dms_cli_question_clear:
 * @question: a question
 *
 * Frees what is in it.
 */
void
dms_cli_question_clear (DmsCliQuestion *question)
{
  g_clear_pointer (&question->tokens, dms_token_list_unref);
  g_clear_pointer (&question->sender, dms_did_unref);
  g_clear_pointer (&question->subject, dms_did_unref);
  g_clear_pointer (&question->audience, dms_did_unref);
  g_clear_pointer (&question->capability, g_free);
  g_clear_pointer (&question->topic, g_free);
}

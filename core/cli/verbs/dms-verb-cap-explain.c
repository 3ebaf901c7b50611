/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>
#include <string.h>

#include "cli/dms-cli-identity.h"
#include "cli/dms-cli-names.h"
#include "cli/dms-cli-question.h"
#include "cli/dms-cli-text.h"
#include "cli/dms-cli-verbs.h"
#include "common/dms-json-object.h"
#include "common/dms-json-text.h"

/* Characters that mean nothing to a shell. */
#define HARMLESS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:@%+-"
/* A DID in a line of the explanation; it ends before what belongs to the sentence. */
#define DID_PATTERN "did:[a-z0-9]+:[A-Za-z0-9._%:-]*[A-Za-z0-9_%-]"

/* What a person can do about a refusal. */
static const char *
get_advice (DmsCapabilityFault fault)
{
  switch (fault)
    {
    case DMS_CAPABILITY_FAULT_EXPIRED:
      return _ ("The right has ended. Ask whoever gave it for a new one; “cap list” shows when rights end.");

    case DMS_CAPABILITY_FAULT_REVOKED:
      return _ ("The right was taken back by whoever gave it. Only they can give a new one.");

    case DMS_CAPABILITY_FAULT_TOO_DEEP:
      return _ ("The right was passed on more often than its issuer allows. Ask that issuer for a right of "
                "your own, or for a greater --depth.");

    case DMS_CAPABILITY_FAULT_OUTLIVES_PARENT:
      return _ ("A token in the chain ends after the one it comes from. Its issuer must make it again with "
                "--auto-expire, or with an earlier --expiry.");

    case DMS_CAPABILITY_FAULT_WIDENED_AUDIENCE:
    case DMS_CAPABILITY_FAULT_WIDENED_TOPIC:
    case DMS_CAPABILITY_FAULT_WIDENED_CAPABILITY:
      return _ ("Somebody in the chain gave more than they have. They must be given it first, or pass on "
                "less.");

    case DMS_CAPABILITY_FAULT_BROKEN_CHAIN:
    case DMS_CAPABILITY_FAULT_PARENT_NOT_DELEGATE:
    case DMS_CAPABILITY_FAULT_BAD_SIGNATURE:
    case DMS_CAPABILITY_FAULT_MALFORMED:
      return _ ("The tokens are forged or damaged. Get them again from whoever gave them.");

    case DMS_CAPABILITY_FAULT_WRONG_KEY_TYPE:
      return _ ("Only DIDs of the form did:key with an Ed25519 key can sign here.");

    case DMS_CAPABILITY_FAULT_LIST_TOO_LARGE:
      return _ ("There are too many tokens for one message. Present fewer: remove provide anchors that are "
                "not needed for this.");

    case DMS_CAPABILITY_FAULT_WRONG_AUDIENCE:
      return _ ("The right is for another node. Ask for one for this node, or for any.");

    case DMS_CAPABILITY_FAULT_WRONG_CAPABILITY:
    case DMS_CAPABILITY_FAULT_WRONG_TOPIC:
    case DMS_CAPABILITY_FAULT_WRONG_ACTION:
    case DMS_CAPABILITY_FAULT_WRONG_SUBJECT:
    case DMS_CAPABILITY_FAULT_NO_TOKEN:
    case DMS_CAPABILITY_FAULT_NOT_ANCHORED:
    case DMS_CAPABILITY_FAULT_NONE:
    default:
      return _ ("Nothing in this context lets them do it.");
    }
}

/* The one that asked acts for the sender, so rights go there. */
static DmsDid *
get_grantee (const DmsCliQuestion *question)
{
  if (question->sender != NULL && !dms_did_is_empty (question->sender))
    return question->sender;

  return question->subject;
}

/* A word for a shell, in quotes only if it needs them: what stands in a message must not run as a command. */
static char *
dup_word (const char *text)
{
  g_autofree char *safe = dms_cli_text_dup_safe (text);
  gboolean harmless = safe[0] != '\0' && safe[strspn (safe, HARMLESS)] == '\0';

  return harmless ? g_steal_pointer (&safe) : g_shell_quote (safe);
}

static void
print_way (DmsCliCall *call, const DmsCliQuestion *question)
{
  g_autofree char *context = dup_word (dms_cli_call_get_string (call, "context"));
  g_autofree char *capability = dup_word (question->capability);
  g_autofree char *topic = question->topic != NULL ? dup_word (question->topic) : NULL;
  g_autofree char *did = dup_word (dms_did_get_uri (get_grantee (question)));

  dms_cli_call_print (call, _ ("To allow it here, for a day:\n"));
  dms_cli_call_print (call,
                      "  nunet cap anchor -c %s --require \"$(nunet cap grant -c %s --cap %s%s%s \\\n"
                      "      --duration 24h %s)\"\n",
                      context, context, capability, topic != NULL ? " --topic " : "",
                      topic != NULL ? topic : "", did);
}

static gboolean
add_name (const GMatchInfo *match, GString *line, gpointer user_data)
{
  g_autofree char *uri = g_match_info_fetch (match, 0);
  g_autoptr (DmsDid) did = dms_did_new (uri, NULL);

  g_string_append (line, did != NULL ? dms_cli_names_get (user_data, did) : uri);
  return FALSE;
}

static const char *
get_style (const char *line)
{
  if (g_str_has_prefix (line, "allowed"))
    return "\033[1;32m";
  if (g_str_has_prefix (line, "refused"))
    return "\033[1;31m";
  if (g_str_has_prefix (line, "token "))
    return "\033[1m";

  return strstr (line, " fails, ") != NULL ? "\033[31m" : "";
}

static void
print_line (DmsCliCall *call, const char *text, DmsCliNames *names, GRegex *pattern)
{
  gboolean styled = dms_cli_text_is_styled (dms_cli_call_get_out (call));
  /* What stands in tokens is anybody's. */
  g_autofree char *safe = dms_cli_text_dup_safe (text);
  g_autofree char *line = g_regex_replace_eval (pattern, safe, -1, 0, 0, add_name, names, NULL);
  const char *style = styled ? get_style (safe) : "";

  dms_cli_call_print (call, "%s%s%s%s\n", g_str_has_prefix (safe, "token ") ? "\n" : "", style,
                      line != NULL ? line : safe, style[0] != '\0' ? "\033[0m" : "");
}

/* Only the tokens that decide: those that allow it, or those that came nearest. */
static gboolean
decides (DmsExplanation *explanation, JsonArray *tokens, guint index)
{
  JsonObject *token = json_array_get_object_element (tokens, index);
  const char *verdict = json_object_get_string_member (token, "verdict");

  return strcmp (verdict, dms_capability_fault_get_nick (dms_explanation_get_fault (explanation))) == 0;
}

static void
print_lines (DmsCliCall *call, DmsExplanation *explanation, DmsCliNames *names)
{
  g_autoptr (GRegex) pattern = g_regex_new (DID_PATTERN, 0, 0, NULL);
  g_autoptr (JsonNode) node = dms_explanation_to_json (explanation);
  JsonArray *tokens = json_object_get_array_member (json_node_get_object (node), "tokens");
  const char *const *lines = dms_explanation_get_lines (explanation);
  gboolean all = dms_cli_call_get_bool (call, "all");
  gboolean shown = TRUE;
  guint hidden = 0;
  guint index = 0;

  for (; *lines != NULL; lines++)
    {
      if (g_str_has_prefix (*lines, "token "))
        {
          shown = all || decides (explanation, tokens, index);
          hidden += shown ? 0 : 1;
          index++;
        }
      if (shown)
        print_line (call, *lines, names, pattern);
    }
  if (hidden > 0)
    dms_cli_call_print (call,
                        g_dngettext (NULL, "\n(%u other token does not help; see it with --all)\n",
                                     "\n(%u other tokens do not help; see them with --all)\n", hidden),
                        hidden);
}

/* What is wrong with the message itself comes before all capabilities. */
static void
print_message (DmsCliCall *call, const DmsCliQuestion *question)
{
  g_autofree char *time = dms_cli_text_dup_time (question->expired_ns, (guint64) g_get_real_time () * 1000);

  if (question->forged)
    dms_cli_call_print (call, _ ("The message is not signed by the actor it names: it is dropped whatever it "
                                 "presents.\n\n"));
  if (question->expired_ns != 0)
    dms_cli_call_print (call, _ ("The message expired: %s. This is how it was judged before.\n\n"), time);
}

static void
explain (DmsCliCall *call, DmsExplanation *explanation, const DmsCliQuestion *question)
{
  DmsCapabilityFault fault = dms_explanation_get_fault (explanation);
  g_autoptr (DmsCliNames) names = dms_cli_names_new (call);

  print_message (call, question);
  print_lines (call, explanation, names);
  if (!dms_explanation_is_allowed (explanation))
    {
      dms_cli_call_print (call, "\n%s\n", get_advice (fault));
      print_way (call, question);
    }
  dms_cli_call_print (call, "\n%s\n", _ ("Who is who"));
  dms_cli_names_print (names, call);
}

static gboolean
print_json (DmsCliCall *call, DmsExplanation *explanation, const DmsCliQuestion *question, GError **error)
{
  g_autoptr (JsonNode) node = dms_explanation_to_json (explanation);
  JsonObject *object = json_node_get_object (node);
  g_autofree char *compact = NULL;
  g_autofree char *text = NULL;

  if (dms_cli_call_is_set (call, "envelope"))
    {
      json_object_set_boolean_member (object, "signature", !question->forged);
      json_object_set_boolean_member (object, "expired", question->expired_ns != 0);
    }
  compact = dms_json_node_to_text (node);
  text = dms_json_text_indent (compact, strlen (compact), 2, error);
  if (text != NULL)
    dms_cli_call_print (call, "%s\n", text);

  return text != NULL;
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  g_auto (DmsCliQuestion) question = { 0 };
  g_autoptr (DmsCapabilityContext) context = NULL;
  g_autoptr (DmsExplanation) explanation = NULL;

  context = dms_cli_identity_load_expired (call, dms_cli_call_get_string (call, "context"), error);
  if (context == NULL || !dms_cli_question_read (call, &question, error))
    return FALSE;

  explanation = dms_explanation_new (context, question.tokens, question.sender, question.subject,
                                     question.audience, question.capability, question.topic,
                                     question.time_ns, question.flags);
  if (dms_cli_call_get_bool (call, "json"))
    return print_json (call, explanation, &question, error);
  explain (call, explanation, &question);
  return TRUE;
}

static const DmsCliFlag flags[] = {
  { "context", 'c', DMS_CLI_FLAG_STRING, TRUE, NULL, "name", N_ ("the context that decides") },
  { "from", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "DID|context",
    N_ ("who asks; a context presents its provide anchors") },
  { "cap", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "path", N_ ("what is asked, such as /dms/deployment/new") },
  { "topic", 't', DMS_CLI_FLAG_STRING, FALSE, NULL, "topic", N_ ("if it is a broadcast: on this topic") },
  { "audience", 'a', DMS_CLI_FLAG_STRING, FALSE, NULL, "DID",
    N_ ("the actor that is asked, if not the node itself") },
  { "tokens", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "list|@file|-", N_ ("what they present") },
  { "envelope", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "JSON|@file|-",
    N_ ("a whole message, instead of all of these") },
  { "at", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "date", N_ ("judge as of this time, in ISO 8601") },
  { "all", 0, DMS_CLI_FLAG_BOOL, FALSE, NULL, NULL, N_ ("also the tokens that do not help") },
  { "json", 0, DMS_CLI_FLAG_BOOL, FALSE, NULL, NULL, N_ ("for programs, with all tokens") },
  { NULL },
};

static const char *const groups[] = { "envelope from", "envelope cap", "envelope topic", "envelope audience",
                                      "envelope tokens", NULL };

const DmsCliVerb dms_verb_cap_explain = {
  .path = "cap explain",
  .summary = N_ ("say why somebody may do something here, or may not"),
  .description = N_ ("Decides as the node would, and shows each token with each link of its chain and what "
                     "is wrong with it. Without --tokens, whoever asks presents nothing but what they can "
                     "sign themselves. The daemon is not asked: what it was granted for a running job only "
                     "is not in the file and does not count.\n\n"
                     "The exit status is 0 whatever the answer; --json says it in “allowed”."),
  .examples = "  # may my key start jobs on this node?\n"
              "  nunet cap explain -c dms --from user --cap /dms/node/deployment/new\n"
              "  # would what the organisation sent be enough?\n"
              "  nunet cap explain -c dms --from did:key:z6Mk… --cap /public/status --tokens @tokens.json\n"
              "  # why was this message refused?\n"
              "  nunet cap explain -c dms --envelope @message.json\n",
  .flags = flags,
  .max_args = 0,
  .exclusive = groups,
  .run = run,
};

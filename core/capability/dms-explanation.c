/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "capability/dms-explanation.h"

#include "capability/dms-capability-context-private.h"
#include "capability/dms-token-private.h"

struct _DmsExplanation
{
  DmsCapabilityFault fault;
  JsonObject *object;
  GPtrArray *lines;
};

G_DEFINE_BOXED_TYPE (DmsExplanation, dms_explanation, dms_explanation_ref, dms_explanation_unref)

/* What one explanation is made of while it is made. */
typedef struct
{
  DmsExplanation *result;
  DmsCapabilityContext *context;
  DmsDid *sender;
  DmsTokenUse use;
  guint64 now_ns;
  gboolean is_allowed;
  JsonArray *tokens;
} Making;

DmsExplanation *
dms_explanation_ref (DmsExplanation *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear_explanation (gpointer data)
{
  DmsExplanation *self = data;

  json_object_unref (self->object);
  g_ptr_array_unref (self->lines);
}

void
dms_explanation_unref (DmsExplanation *self)
{
  g_atomic_rc_box_release_full (self, clear_explanation);
}

static void add_line (Making *making, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
add_line (Making *making, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_ptr_array_add (making->result->lines, g_strdup_vprintf (format, args));
  va_end (args);
}

static char *
format_time (guint64 time_ns)
{
  g_autoptr (GDateTime) time = NULL;

  /* Beyond what a calendar can say. */
  if (time_ns / 1000000000 > 253402300799)
    return g_strdup ("the end of time");
  time = g_date_time_new_from_unix_utc ((gint64) (time_ns / 1000000000));
  return g_date_time_format (time, "%Y-%m-%dT%H:%M:%SZ");
}

static const char *
get_name (DmsDid *did)
{
  return dms_did_is_empty (did) ? "anybody" : dms_did_get_uri (did);
}

static void
set_did (JsonObject *object, const char *name, DmsDid *did)
{
  if (did != NULL && !dms_did_is_empty (did))
    json_object_set_string_member (object, name, dms_did_get_uri (did));
}

static void
set_texts (JsonObject *object, const char *name, const char * const *texts)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; texts[i] != NULL; i++)
    json_array_add_string_element (array, texts[i]);
  json_object_set_array_member (object, name, array);
}

/* JSON in the house's library ends at 2^63 - 1, and so does this calendar. */
static void
set_time (JsonObject *object, const char *name, guint64 time_ns)
{
  json_object_set_int_member (object, name, (gint64) MIN (time_ns, (guint64) G_MAXINT64));
}

static JsonObject *
describe_link (DmsToken *link, const char *verdict)
{
  JsonObject *object = json_object_new ();
  const char * const *topics = dms_token_get_topics (link);

  json_object_set_string_member (object, "action", dms_token_action_to_string (dms_token_get_action (link)));
  set_did (object, "issuer", dms_token_get_issuer (link));
  set_did (object, "subject", dms_token_get_subject (link));
  set_did (object, "audience", dms_token_get_audience (link));
  set_texts (object, "capabilities", dms_token_get_capabilities (link));
  if (topics[0] != NULL)
    set_texts (object, "topics", topics);
  set_time (object, "expiry_ns", dms_token_get_expiry_ns (link));
  if (dms_token_get_depth (link) > 0)
    set_time (object, "depth", dms_token_get_depth (link));
  json_object_set_string_member (object, "fault", verdict);
  return object;
}

/* What is wrong with one link, whatever is wrong with others. */
static DmsCapabilityFault
find_link_fault (Making *making, DmsToken *link, guint distance, gboolean is_signed)
{
  DmsCapabilityFault fault;

  if (dms_token_get_expiry_ns (link) < making->now_ns)
    return DMS_CAPABILITY_FAULT_EXPIRED;
  fault = dms_token_rules_find_link_fault (link, distance, making->context->revoked);
  if (fault != DMS_CAPABILITY_FAULT_NONE || !is_signed || dms_token_check_signature (link))
    return fault;
  return dms_token_can_check_signature (link) ? DMS_CAPABILITY_FAULT_BAD_SIGNATURE
                                              : DMS_CAPABILITY_FAULT_WRONG_KEY_TYPE;
}

static void
explain_link (Making *making, JsonArray *links, DmsToken *link, guint distance, gboolean is_signed)
{
  DmsCapabilityFault fault = find_link_fault (making, link, distance, is_signed);
  g_autofree char *capabilities = g_strjoinv (" ", (char **) dms_token_get_capabilities (link));
  g_autofree char *topics = g_strjoinv (" ", (char **) dms_token_get_topics (link));
  g_autofree char *until = format_time (dms_token_get_expiry_ns (link));
  g_autofree char *depth = g_strdup_printf (", %" G_GUINT64_FORMAT " deep", dms_token_get_depth (link));

  json_array_add_object_element (links, describe_link (link, dms_capability_fault_get_nick (fault)));
  add_line (making, "  link %u: %s", distance + 1, dms_token_action_to_string (dms_token_get_action (link)));
  add_line (making, "    by %s", get_name (dms_token_get_issuer (link)));
  add_line (making, "    for %s", get_name (dms_token_get_subject (link)));
  if (!dms_did_is_empty (dms_token_get_audience (link)))
    add_line (making, "    with %s", get_name (dms_token_get_audience (link)));
  add_line (making, "    %s%s%s until %s%s", capabilities, *topics != '\0' ? " on " : "", topics, until,
            dms_token_get_depth (link) > 0 ? depth : "");
  if (fault == DMS_CAPABILITY_FAULT_NONE)
    add_line (making, "    holds");
  else
    add_line (making, "    fails, %s: %s", dms_capability_fault_get_nick (fault),
              dms_capability_fault_get_text (fault));
}

static void
explain_anchor (Making *making, JsonArray *anchors, DmsToken *anchor, DmsToken *token)
{
  DmsCapabilityFault fault = dms_token_rules_find_anchor_fault (anchor, token);
  gboolean covers = fault == DMS_CAPABILITY_FAULT_NONE;
  JsonObject *object;

  /* Those that are about others would only be noise. */
  if (fault == DMS_CAPABILITY_FAULT_NOT_ANCHORED)
    return;
  if (fault == DMS_CAPABILITY_FAULT_NONE)
    fault = dms_token_rules_find_fault (anchor, making->now_ns, making->context->revoked, NULL);
  if (fault == DMS_CAPABILITY_FAULT_NONE)
    fault = dms_capability_context_find_signature_fault (making->context, anchor, NULL);
  object = describe_link (anchor, dms_capability_fault_get_nick (fault));
  json_array_add_object_element (anchors, object);
  if (fault == DMS_CAPABILITY_FAULT_NONE)
    add_line (making, "  the require anchor of %s for %s covers it", get_name (dms_token_get_issuer (anchor)),
              get_name (dms_token_get_subject (anchor)));
  else if (covers)
    add_line (making, "  the require anchor of %s for %s would cover it, but does not count, %s: %s",
              get_name (dms_token_get_issuer (anchor)), get_name (dms_token_get_subject (anchor)),
              dms_capability_fault_get_nick (fault), dms_capability_fault_get_text (fault));
  else
    add_line (making, "  the require anchor of %s for %s does not cover it, %s: as its child, %s",
              get_name (dms_token_get_issuer (anchor)), get_name (dms_token_get_subject (anchor)),
              dms_capability_fault_get_nick (fault), dms_capability_fault_get_text (fault));
}

static const char *
get_authority_name (DmsAuthority authority)
{
  switch (authority)
    {
    case DMS_AUTHORITY_OWN:
      return "own";
    case DMS_AUTHORITY_ROOT:
      return "root";
    case DMS_AUTHORITY_ANCHOR:
      return "require";
    case DMS_AUTHORITY_NONE:
    default:
      return "none";
    }
}

/* Where the chain's first issuer has its authority from, or what keeps the anchors from giving it. */
static void
explain_authority (Making *making, JsonObject *object, DmsToken *token)
{
  DmsAuthority authority = dms_capability_context_find_authority (making->context, token, making->now_ns);
  DmsDid *first = dms_token_get_issuer (dms_token_get_anchor (token));
  JsonArray *anchors = json_array_new ();

  json_object_set_string_member (object, "authority", get_authority_name (authority));
  json_object_set_array_member (object, "anchors", anchors);
  if (authority == DMS_AUTHORITY_OWN)
    add_line (making, "  its first issuer is this context itself");
  else if (authority == DMS_AUTHORITY_ROOT)
    add_line (making, "  its first issuer, %s, is a root", get_name (first));
  else
    {
      GPtrArray *require = making->context->require;
      GPtrArray *held = making->context->held_require;

      for (guint i = 0; i < require->len; i++)
        explain_anchor (making, anchors, g_ptr_array_index (require, i), token);
      for (guint i = 0; i < held->len; i++)
        explain_anchor (making, anchors, ((DmsHeldToken *) g_ptr_array_index (held, i))->token, token);
      if (json_array_get_length (anchors) == 0)
        add_line (making, "  its first issuer, %s, is neither a root nor the subject of a require anchor",
                  get_name (first));
    }
}

/* Exactly what happens to a token that comes with a message: when it arrives, and when it is asked. */
static DmsCapabilityFault
judge (Making *making, DmsToken *token, DmsToken *signed_part)
{
  DmsCapabilityFault fault = dms_token_rules_find_use_fault (token, &making->use);

  if (fault == DMS_CAPABILITY_FAULT_NONE)
    fault = dms_capability_context_find_arrival_fault (making->context, token, making->sender,
                                                       making->now_ns);
  if (fault == DMS_CAPABILITY_FAULT_NONE)
    fault = dms_capability_context_find_kept_fault (making->context, token, signed_part, &making->use,
                                                    making->now_ns);
  return fault;
}

static void
explain_token (Making *making, DmsToken *token, gboolean is_presented)
{
  DmsToken *signed_part = is_presented ? token : dms_token_get_chain (token);
  DmsCapabilityFault fault = judge (making, token, signed_part);
  JsonObject *object = json_object_new ();
  JsonArray *links = json_array_new ();
  guint distance = 0;

  json_array_add_object_element (making->tokens, object);
  json_object_set_string_member (object, "verdict", dms_capability_fault_get_nick (fault));
  json_object_set_boolean_member (object, "presented", is_presented);
  json_object_set_array_member (object, "links", links);
  add_line (making, "token %u, %s: %s%s: %s", json_array_get_length (making->tokens),
            is_presented ? "presented" : "assumed",
            fault == DMS_CAPABILITY_FAULT_NONE ? "allows it" : "not enough, ",
            fault == DMS_CAPABILITY_FAULT_NONE ? "" : dms_capability_fault_get_nick (fault),
            dms_capability_fault_get_text (fault));
  for (DmsToken *link = token; link != NULL; link = dms_token_get_chain (link))
    {
      explain_link (making, links, link, distance, is_presented || distance > 0);
      distance++;
    }
  explain_authority (making, object, token);

  making->is_allowed = making->is_allowed || fault == DMS_CAPABILITY_FAULT_NONE;
  making->result->fault = MAX (making->result->fault, fault);
}

/* What the subject could sign on this delegation, or on nothing. It is used at once, so it ends now. */
static void
explain_assumed (Making *making, DmsToken *parent)
{
  const DmsTokenUse *use = &making->use;
  const char *capabilities[] = { use->capability, NULL };
  const char *topics[] = { use->topic, NULL };
  DmsTokenAction action = use->topic != NULL ? DMS_TOKEN_ACTION_BROADCAST : DMS_TOKEN_ACTION_INVOKE;
  g_autoptr (DmsToken) token = dms_token_new_unsigned (use->subject, action, use->subject, use->audience,
                                                       topics, capabilities, making->now_ns, 0, parent);

  explain_token (making, token, FALSE);
}

static void
explain_tokens (Making *making, DmsTokenList *tokens, DmsExplainFlags flags)
{
  guint size = tokens != NULL ? dms_token_list_get_size (tokens) : 0;
  gboolean assume = (flags & DMS_EXPLAIN_ASSUME_ISSUED) != 0;

  if (assume)
    explain_assumed (making, NULL);
  for (guint i = 0; i < size; i++)
    {
      DmsToken *token = dms_token_list_get (tokens, i);
      gboolean is_ours = dms_token_get_action (token) == DMS_TOKEN_ACTION_DELEGATE
                         && dms_did_equal (dms_token_get_subject (token), making->use.subject);

      if (assume && is_ours)
        explain_assumed (making, token);
      else
        explain_token (making, token, TRUE);
    }
  if (size == 0 && !assume)
    making->result->fault = DMS_CAPABILITY_FAULT_NO_TOKEN;
}

static void
describe_question (Making *making)
{
  JsonObject *object = making->result->object;
  const DmsTokenUse *use = &making->use;

  json_object_set_string_member (object, "capability", use->capability);
  if (use->topic != NULL)
    json_object_set_string_member (object, "topic", use->topic);
  set_did (object, "subject", use->subject);
  set_did (object, "audience", use->audience);
  set_time (object, "time_ns", making->now_ns);
}

/* The verdict goes before what it follows from. */
static void
conclude (Making *making)
{
  DmsExplanation *result = making->result;
  const DmsTokenUse *use = &making->use;
  g_autofree char *where = use->topic != NULL ? g_strdup_printf ("on the topic %s", use->topic)
                                              : g_strdup_printf ("of %s", dms_did_get_uri (use->audience));

  if (making->is_allowed)
    result->fault = DMS_CAPABILITY_FAULT_NONE;
  json_object_set_boolean_member (result->object, "allowed", making->is_allowed);
  json_object_set_string_member (result->object, "reason", dms_capability_fault_get_nick (result->fault));
  describe_question (making);
  json_object_set_array_member (result->object, "tokens", making->tokens);
  g_ptr_array_insert (result->lines, 0,
                      g_strdup_printf ("%s: %s %s by %s", making->is_allowed ? "allowed" : "refused",
                                       use->capability, where, dms_did_get_uri (use->subject)));
  if (!making->is_allowed)
    g_ptr_array_insert (result->lines, 1,
                        g_strdup_printf ("reason: %s", dms_capability_fault_get_nick (result->fault)));
  g_ptr_array_add (result->lines, NULL);
}

/**
 * dms_explanation_new:
 *
 * capability.md, Require: decides with the code that decides about messages, and tells how.
 *
 * Returns: (transfer full): the explanation
 */
DmsExplanation *
dms_explanation_new (DmsCapabilityContext *context, DmsTokenList *tokens, DmsDid *sender, DmsDid *subject,
                     DmsDid *audience, const char *capability, const char *topic, guint64 time_ns,
                     DmsExplainFlags flags)
{
  Making making = { .context = context, .sender = sender != NULL ? sender : subject };
  guint64 now_ns = dms_capability_context_look (context);
  DmsExplanation *self = g_atomic_rc_box_new0 (DmsExplanation);

  self->object = json_object_new ();
  self->lines = g_ptr_array_new_with_free_func (g_free);
  making.result = self;
  making.now_ns = time_ns != 0 ? time_ns : now_ns;
  making.use = (DmsTokenUse) { .subject = subject, .capability = capability, .topic = topic };
  if (topic == NULL)
    making.use.audience = audience != NULL ? audience : context->did;
  making.tokens = json_array_new ();
  if (topic == NULL && !dms_did_is_empty (subject) && dms_did_equal (subject, making.use.audience))
    {
      making.is_allowed = TRUE;
      add_line (&making, "it is a message of an actor to itself, which needs only its signature");
    }
  explain_tokens (&making, tokens, flags);
  conclude (&making);
  return self;
}

gboolean
dms_explanation_is_allowed (DmsExplanation *self)
{
  return self->fault == DMS_CAPABILITY_FAULT_NONE;
}

DmsCapabilityFault
dms_explanation_get_fault (DmsExplanation *self)
{
  return self->fault;
}

const char * const *
dms_explanation_get_lines (DmsExplanation *self)
{
  return (const char * const *) self->lines->pdata;
}

/**
 * dms_explanation_to_json:
 *
 * Returns: (transfer full): the explanation as an object
 */
JsonNode *
dms_explanation_to_json (DmsExplanation *self)
{
  return json_node_init_object (json_node_alloc (), self->object);
}

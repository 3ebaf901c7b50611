/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "capability/dms-invitation-private.h"

#include <sodium.h>
#include <string.h>

#include "capability/dms-token-list-private.h"
#include "identity/dms-did-wire.h"

#define NONCE_SIZE       16
#define MAX_PATHS        32
#define MAX_PATHS_LENGTH 1024
#define MAX_PATH         128
#define MAX_NAME         64
#define NS_PER_DAY       (G_GUINT64_CONSTANT (86400) * 1000000000)
/* How far each token may be passed on: to one use, or to the joiner and one use. */
#define DEPTH_ADDRESSED 1
#define DEPTH_OPEN      2

G_DEFINE_BOXED_TYPE (DmsInvitation, dms_invitation, dms_invitation_ref, dms_invitation_unref)

DmsInvitation *
dms_invitation_ref (DmsInvitation *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  DmsInvitation *self = data;

  g_clear_pointer (&self->organisation, dms_did_unref);
  g_clear_pointer (&self->name, g_free);
  g_clear_pointer (&self->joiners, g_ptr_array_unref);
  g_clear_pointer (&self->tokens, dms_token_list_unref);
  g_clear_pointer (&self->ask_capabilities, g_strfreev);
  g_clear_pointer (&self->ask_topics, g_strfreev);
  g_clear_pointer (&self->nonce, g_bytes_unref);
  g_clear_pointer (&self->key, dms_key_unref);
  g_clear_pointer (&self->signature, g_bytes_unref);
}

void
dms_invitation_unref (DmsInvitation *self)
{
  g_atomic_rc_box_release_full (self, clear);
}

static DmsInvitation *
new_empty (void)
{
  DmsInvitation *self = g_atomic_rc_box_new0 (DmsInvitation);

  self->organisation = dms_did_new_empty ();
  self->name = g_strdup ("");
  self->joiners = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_did_unref);
  self->tokens = dms_token_list_new_empty ();
  self->ask_capabilities = g_new0 (char *, 1);
  self->ask_topics = g_new0 (char *, 1);
  return self;
}

/* The text form */

static void
write_strv (DmsWireWriter *writer, const char *name, char **items)
{
  dms_wire_writer_begin_array (writer, name);
  for (guint i = 0; items[i] != NULL; i++)
    dms_wire_writer_add_string (writer, NULL, items[i]);
  dms_wire_writer_end_array (writer);
}

static void
write_json (DmsInvitation *self, DmsWireWriter *writer, gboolean with_signature)
{
  dms_wire_writer_begin_object (writer, NULL);
  dms_did_wire_write (self->organisation, writer, "org");
  dms_wire_writer_add_string (writer, "name", self->name);
  dms_wire_writer_begin_array (writer, "for");
  for (guint i = 0; i < self->joiners->len; i++)
    dms_did_wire_write (g_ptr_array_index (self->joiners, i), writer, NULL);
  dms_wire_writer_end_array (writer);
  dms_wire_writer_add_uint64 (writer, "until", self->until_ns);
  dms_wire_writer_add_uint64 (writer, "accept", self->accept_ns);
  dms_token_list_write (self->tokens, writer, "get");
  dms_wire_writer_begin_object (writer, "ask");
  write_strv (writer, "cap", self->ask_capabilities);
  write_strv (writer, "topic", self->ask_topics);
  dms_wire_writer_end_object (writer);
  dms_wire_writer_add_bytes (writer, "nonce", self->nonce);
  if (self->key != NULL)
    {
      g_autoptr (GBytes) seed = dms_key_dup_seed (self->key);

      dms_wire_writer_add_bytes (writer, "key", seed);
    }
  if (with_signature)
    dms_wire_writer_add_bytes (writer, "sig", self->signature);
  dms_wire_writer_end_object (writer);
}

/* What the organisation signs; nothing else that is signed begins so. */
static GBytes *
dup_signed_bytes (DmsInvitation *self)
{
  g_autoptr (DmsWireWriter) writer = dms_wire_writer_new ();

  dms_wire_writer_add_prefix (writer, DMS_INVITATION_SIGNED_PREFIX);
  write_json (self, writer, FALSE);
  return dms_wire_writer_end (writer);
}

static char *
encode_base64url (const char *data, gsize size)
{
  char *text = g_base64_encode ((const guint8 *) data, size);
  gsize length = strlen (text);

  g_strdelimit (text, "+", '-');
  g_strdelimit (text, "/", '_');
  while (length > 0 && text[length - 1] == '=')
    text[--length] = '\0';
  return text;
}

char *
dms_invitation_to_text (DmsInvitation *self)
{
  g_autoptr (DmsWireWriter) writer = dms_wire_writer_new ();
  g_autofree char *encoded = NULL;
  const char *data;
  gsize size;

  g_return_val_if_fail (self != NULL, NULL);

  write_json (self, writer, TRUE);
  data = dms_wire_writer_get_data (writer, &size);
  encoded = encode_base64url (data, size);
  return g_strconcat (DMS_INVITATION_PREFIX, encoded, NULL);
}

static void
read_joiners (DmsWireReader *reader, GPtrArray *joiners)
{
  if (!dms_wire_reader_enter_array (reader))
    return;
  while (dms_wire_reader_next_element (reader))
    {
      g_autoptr (DmsDid) did = dms_did_wire_read (reader);

      if (joiners->len >= DMS_INVITATION_MAX_JOINERS)
        dms_wire_reader_fail (reader, "it is for more than %d", DMS_INVITATION_MAX_JOINERS);
      else
        g_ptr_array_add (joiners, g_steal_pointer (&did));
    }
}

static void
take_strv (char ***items, char **read)
{
  g_strfreev (*items);
  *items = read != NULL ? read : g_new0 (char *, 1);
}

static void
read_ask (DmsWireReader *reader, DmsInvitation *self)
{
  static const char *const names[] = { "cap", "topic", NULL };
  int name;

  if (!dms_wire_reader_enter_object (reader))
    return;
  while ((name = dms_wire_reader_next_member (reader, names)) >= 0)
    take_strv (name == 0 ? &self->ask_capabilities : &self->ask_topics,
               dms_wire_reader_read_strv (reader, MAX_PATHS));
}

static void
read_key (DmsWireReader *reader, DmsInvitation *self)
{
  g_autoptr (GBytes) seed = dms_wire_reader_read_bytes (reader);
  gsize size = 0;
  gconstpointer data = seed != NULL ? g_bytes_get_data (seed, &size) : NULL;

  if (size != DMS_KEY_SEED_SIZE)
    {
      dms_wire_reader_fail (reader, "its key does not have %d bytes", DMS_KEY_SEED_SIZE);
      return;
    }
  self->key = dms_key_new_from_seed (data);
  /* The bytes are this function's alone. */
  sodium_memzero ((gpointer) data, size);
}

static void
read_member (DmsWireReader *reader, DmsInvitation *self, int name)
{
  switch (name)
    {
    case 0:
      g_clear_pointer (&self->organisation, dms_did_unref);
      self->organisation = dms_did_wire_read (reader);
      break;
    case 1:
      g_free (self->name);
      self->name = dms_wire_reader_read_string (reader);
      break;
    case 2:
      read_joiners (reader, self->joiners);
      break;
    case 3:
      self->until_ns = dms_wire_reader_read_uint64 (reader);
      break;
    case 4:
      self->accept_ns = dms_wire_reader_read_uint64 (reader);
      break;
    case 5:
      g_clear_pointer (&self->tokens, dms_token_list_unref);
      self->tokens = dms_token_list_read (reader, NULL);
      break;
    case 6:
      read_ask (reader, self);
      break;
    case 7:
      self->nonce = dms_wire_reader_read_bytes (reader);
      break;
    case 8:
      read_key (reader, self);
      break;
    default:
      self->signature = dms_wire_reader_read_bytes (reader);
      break;
    }
}

static DmsInvitation *
read_json (const char *data, gsize size, GError **error)
{
  static const char *const names[] = { "org", "name",  "for", "until", "accept", "get",
                                       "ask", "nonce", "key", "sig",   NULL };
  g_autoptr (DmsWireReader) reader = dms_wire_reader_new (data, size, DMS_INVITATION_MAX_TEXT, "invitation");
  g_autoptr (DmsInvitation) self = new_empty ();
  int name;

  if (!dms_wire_reader_enter_object (reader))
    dms_wire_reader_fail (reader, "there is nothing in it");
  while ((name = dms_wire_reader_next_member (reader, names)) >= 0)
    read_member (reader, self, name);
  return dms_wire_reader_finish (reader, error) ? g_steal_pointer (&self) : NULL;
}

/* The bytes of strict base64url, to be wiped by the caller. NULL for anything else. */
static guint8 *
decode_base64url (const char *text, gsize size, gsize *decoded_size)
{
  g_autofree char *standard = g_strnfill ((size + 3) / 4 * 4, '=');
  guint8 *data;

  for (gsize i = 0; i < size; i++)
    {
      if (!g_ascii_isalnum (text[i]) && text[i] != '-' && text[i] != '_')
        return NULL;
      standard[i] = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
    }
  data = g_base64_decode (standard, decoded_size);
  sodium_memzero (standard, strlen (standard));
  return data;
}

static gboolean
is_one_form (DmsInvitation *self, const char *text, gsize size)
{
  g_autofree char *own = dms_invitation_to_text (self);
  gboolean same = strlen (own) == size && memcmp (own, text, size) == 0;

  sodium_memzero (own, strlen (own));
  return same;
}

/**
 * dms_invitation_new_from_text:
 * @text: what somebody sent: not trusted, and not ended by a NUL
 *
 * Returns: (transfer full): the invitation; NULL with DMS_ERROR_INVALID_DATA or DMS_ERROR_TOO_LARGE
 */
DmsInvitation *
dms_invitation_new_from_text (const char *text, gsize size, GError **error)
{
  const gsize prefix = strlen (DMS_INVITATION_PREFIX);
  g_autofree guint8 *data = NULL;
  g_autoptr (DmsInvitation) self = NULL;
  const char *fault = NULL;
  gsize data_size = 0;

  if (size > DMS_INVITATION_MAX_TEXT)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_TOO_LARGE,
                   "the invitation has %" G_GSIZE_FORMAT " bytes, and at most %d are allowed",
                   size,
                   DMS_INVITATION_MAX_TEXT);
      return NULL;
    }
  if (size > prefix && memcmp (text, DMS_INVITATION_PREFIX, prefix) == 0)
    data = decode_base64url (text + prefix, size - prefix, &data_size);
  if (data == NULL)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_DATA,
                   "this is not an invitation: one begins with “%s” and goes on in letters, digits, “-” "
                   "and “_”",
                   DMS_INVITATION_PREFIX);
      return NULL;
    }
  self = read_json ((const char *) data, data_size, error);
  sodium_memzero (data, data_size);
  if (self == NULL)
    return NULL;
  fault = dms_invitation_find_fault (self);
  if (fault == NULL && !is_one_form (self, text, size))
    fault = "it is not written in the one form it can have";
  if (fault == NULL)
    return g_steal_pointer (&self);
  g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "the invitation is malformed: %s", fault);
  return NULL;
}

/**
 * dms_invitation_new_from_signed_bytes:
 * @bytes: what a signer is asked to sign
 *
 * Returns: (transfer full): the invitation; NULL with DMS_ERROR_INVALID_DATA or DMS_ERROR_TOO_LARGE when the
 *   bytes are of nothing else than one
 */
DmsInvitation *
dms_invitation_new_from_signed_bytes (GBytes *bytes, GError **error)
{
  const gsize prefix = strlen (DMS_INVITATION_SIGNED_PREFIX);
  g_autoptr (DmsInvitation) self = NULL;
  g_autoptr (GBytes) again = NULL;
  const char *data;
  gsize size;

  data = g_bytes_get_data (bytes, &size);
  if (size <= prefix || memcmp (data, DMS_INVITATION_SIGNED_PREFIX, prefix) != 0)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "these bytes are not of an invitation");
      return NULL;
    }
  self = read_json (data + prefix, size - prefix, error);
  if (self == NULL)
    return NULL;
  again = dup_signed_bytes (self);
  if (dms_invitation_find_fault (self) == NULL && g_bytes_equal (again, bytes))
    return g_steal_pointer (&self);
  g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "these bytes are of a malformed invitation");
  return NULL;
}

/* What an invitation can be at all */

/* Paths are shown to people, so they hold nothing that could look like something else. */
static gboolean
is_path (const char *text)
{
  gsize length = strlen (text);

  if (text[0] != '/' || length > MAX_PATH)
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isalnum (text[i]) && strchr ("/-_.:", text[i]) == NULL)
      return FALSE;
  return length == 1 || (text[length - 1] != '/' && strstr (text, "//") == NULL);
}

/* Few enough to be read, and short enough to leave room for others in what goes along with a message. */
static gboolean
are_paths (const char *const *paths)
{
  gsize length = 0;

  for (guint i = 0; paths[i] != NULL; i++)
    {
      length += strlen (paths[i]);
      if (i >= MAX_PATHS || length > MAX_PATHS_LENGTH || !is_path (paths[i]))
        return FALSE;
    }
  return TRUE;
}

static gboolean
is_name (const char *name)
{
  const char *end;

  if (!g_utf8_validate (name, -1, &end) || g_utf8_strlen (name, -1) > MAX_NAME ||
      g_str_has_prefix (name, " "))
    return FALSE;
  for (const char *at = name; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar character = g_utf8_get_char (at);

      /* What is invisible or turns the direction of writing could make a preview lie. */
      if (!g_unichar_isprint (character) || g_unichar_type (character) == G_UNICODE_FORMAT ||
          (g_unichar_isspace (character) && character != ' '))
        return FALSE;
    }
  return TRUE;
}

static gboolean
is_same_strv (const char *const *a, const char *const *b)
{
  return g_strv_equal (a, b);
}

/* A delegation by the organisation itself, for exactly this subject and time. */
static gboolean
is_expected_token (DmsInvitation *self, DmsToken *token, DmsDid *subject, guint64 depth)
{
  DmsToken *first = dms_token_list_get (self->tokens, 0);

  return dms_token_get_action (token) == DMS_TOKEN_ACTION_DELEGATE && dms_token_get_chain (token) == NULL &&
         dms_did_equal (dms_token_get_issuer (token), self->organisation) &&
         dms_did_equal (dms_token_get_subject (token), subject) &&
         dms_did_is_empty (dms_token_get_audience (token)) &&
         dms_token_get_expiry_ns (token) == self->until_ns && dms_token_get_depth (token) == depth &&
         dms_token_get_capabilities (token)[0] != NULL &&
         is_same_strv (dms_token_get_capabilities (token), dms_token_get_capabilities (first)) &&
         is_same_strv (dms_token_get_topics (token), dms_token_get_topics (first));
}

static const char *
find_token_fault (DmsInvitation *self)
{
  guint size = dms_token_list_get_size (self->tokens);
  gboolean open = self->joiners->len == 0;

  if (open != (self->key != NULL) && size > 0)
    return "an invitation for anybody has a key, and no other has";
  if (self->key != NULL && size == 0)
    return "there is a key without a right";
  if (size > 0 && size != (open ? 1 : self->joiners->len))
    return "there is not one right for each joiner";
  for (guint i = 0; i < size; i++)
    {
      DmsDid *subject = open ? dms_key_get_did (self->key) : g_ptr_array_index (self->joiners, i);

      if (!is_expected_token (
              self, dms_token_list_get (self->tokens, i), subject, open ? DEPTH_OPEN : DEPTH_ADDRESSED))
        return "one of its rights is not what an invitation may give";
    }
  return NULL;
}

/* What is wrong with the form of an invitation, which holds for made ones as for read ones. */
const char *
dms_invitation_find_fault (DmsInvitation *self)
{
  const char *const *get_capabilities = dms_invitation_get_get_capabilities (self);

  if (dms_did_is_empty (self->organisation))
    return "it names no organisation";
  for (guint i = 0; i < self->joiners->len; i++)
    if (dms_did_is_empty (g_ptr_array_index (self->joiners, i)))
      return "it is for an empty DID";
  if (self->nonce == NULL || g_bytes_get_size (self->nonce) != NONCE_SIZE)
    return "its nonce does not have 16 bytes";
  if (self->accept_ns > self->until_ns)
    return "it could be accepted after its rights have ended";
  if (!is_name (self->name))
    return "the name of the organisation is longer than 64 characters or has some that are not printed";
  if (get_capabilities[0] == NULL && self->ask_capabilities[0] == NULL)
    return "it neither gives nor asks for a capability";
  if (self->ask_capabilities[0] == NULL && self->ask_topics[0] != NULL)
    return "it asks for topics without a capability";
  if (!are_paths (get_capabilities) || !are_paths (dms_invitation_get_get_topics (self)) ||
      !are_paths ((const char *const *) self->ask_capabilities) ||
      !are_paths ((const char *const *) self->ask_topics))
    return "a capability or topic is not a path like /dms/deployment, or there are too many";
  return find_token_fault (self);
}

/* Making and checking */

static DmsTokenList *
issue_tokens (DmsInvitation *self, DmsSigner *organisation, const DmsInvitationTerms *terms, GError **error)
{
  g_autoptr (GPtrArray) tokens = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_token_unref);
  gboolean open = self->joiners->len == 0;
  guint count = open ? 1 : self->joiners->len;

  if (terms->get_capabilities == NULL || terms->get_capabilities[0] == NULL)
    return dms_token_list_new_empty ();
  if (open)
    self->key = dms_key_generate ();
  for (guint i = 0; i < count; i++)
    {
      DmsDid *subject = open ? dms_key_get_did (self->key) : g_ptr_array_index (self->joiners, i);
      DmsToken *token = dms_token_new_by_signer (organisation,
                                                 DMS_TOKEN_ACTION_DELEGATE,
                                                 subject,
                                                 NULL,
                                                 terms->get_topics,
                                                 terms->get_capabilities,
                                                 self->until_ns,
                                                 open ? DEPTH_OPEN : DEPTH_ADDRESSED,
                                                 NULL,
                                                 error);

      if (token == NULL)
        return NULL;
      g_ptr_array_add (tokens, token);
    }
  return dms_token_list_new (tokens);
}

static gboolean
check_terms (const DmsInvitationTerms *terms, GError **error)
{
  guint64 now_ns = (guint64) g_get_real_time () * 1000;
  gboolean open = terms->joiners == NULL || terms->joiners->len == 0;
  gboolean gives = terms->get_capabilities != NULL && terms->get_capabilities[0] != NULL;

  if (terms->until_ns <= now_ns || terms->accept_ns <= now_ns)
    {
      g_set_error (
          error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "cannot make an invitation that has ended already");
      return FALSE;
    }
  if (!gives && terms->get_topics != NULL && terms->get_topics[0] != NULL)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_ARGUMENT,
                   "cannot make an invitation that gives topics without a capability");
      return FALSE;
    }
  if (open && gives && terms->until_ns - now_ns > DMS_INVITATION_MAX_OPEN_DAYS * NS_PER_DAY + NS_PER_DAY / 24)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_OUT_OF_RANGE,
                   "an invitation for anybody may last at most %d days, because whoever gets hold of it has "
                   "its rights; say whom a longer one is for",
                   DMS_INVITATION_MAX_OPEN_DAYS);
      return FALSE;
    }
  if (open || terms->joiners->len <= DMS_INVITATION_MAX_JOINERS)
    return TRUE;
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_TOO_LARGE,
               "an invitation may be for at most %d; make several",
               DMS_INVITATION_MAX_JOINERS);
  return FALSE;
}

DmsInvitation *
dms_invitation_new (DmsSigner *organisation, const DmsInvitationTerms *terms, GError **error)
{
  g_autoptr (DmsInvitation) self = NULL;
  g_autoptr (GBytes) bytes = NULL;
  const char *fault;
  guint8 nonce[NONCE_SIZE];

  g_return_val_if_fail (DMS_IS_SIGNER (organisation), NULL);
  g_return_val_if_fail (terms != NULL, NULL);

  if (!check_terms (terms, error))
    return NULL;
  self = new_empty ();
  randombytes_buf (nonce, sizeof nonce);
  self->nonce = g_bytes_new (nonce, sizeof nonce);
  dms_did_unref (self->organisation);
  self->organisation = dms_did_ref (dms_signer_get_did (organisation));
  self->until_ns = terms->until_ns;
  self->accept_ns = terms->accept_ns;
  if (terms->name != NULL)
    {
      g_free (self->name);
      self->name = g_strdup (terms->name);
    }
  for (guint i = 0; terms->joiners != NULL && i < terms->joiners->len; i++)
    g_ptr_array_add (self->joiners, dms_did_ref (g_ptr_array_index (terms->joiners, i)));
  take_strv (&self->ask_capabilities, g_strdupv ((char **) terms->ask_capabilities));
  take_strv (&self->ask_topics, g_strdupv ((char **) terms->ask_topics));

  g_clear_pointer (&self->tokens, dms_token_list_unref);
  self->tokens = issue_tokens (self, organisation, terms, error);
  if (self->tokens == NULL)
    return NULL;
  fault = dms_invitation_find_fault (self);
  if (fault != NULL)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "cannot make this invitation: %s", fault);
      return NULL;
    }
  bytes = dup_signed_bytes (self);
  self->signature = dms_signer_sign (organisation, bytes, error);
  return self->signature != NULL ? g_steal_pointer (&self) : NULL;
}

static gboolean
check_signature (DmsInvitation *self)
{
  g_autoptr (GBytes) bytes = dup_signed_bytes (self);

  return dms_signer_check (self->organisation, bytes, self->signature);
}

static char *
format_time (guint64 time_ns)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc ((gint64) (time_ns / 1000000000));

  return time != NULL ? g_date_time_format (time, "%Y-%m-%d %H:%M UTC") : g_strdup ("an impossible time");
}

gboolean
dms_invitation_verify (DmsInvitation *self, guint64 now_ns, GError **error)
{
  gboolean genuine;

  g_return_val_if_fail (self != NULL, FALSE);

  genuine = check_signature (self);
  for (guint i = 0; genuine && i < dms_token_list_get_size (self->tokens); i++)
    genuine = dms_token_check_signature (dms_token_list_get (self->tokens, i));
  if (!genuine)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_BAD_SIGNATURE,
                   "this invitation was changed on the way, or “%s”, whom it names, did not make it",
                   dms_did_get_uri (self->organisation));
      return FALSE;
    }
  if (self->accept_ns < now_ns)
    {
      g_autofree char *end = format_time (self->accept_ns);

      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_EXPIRED,
                   "this invitation could be accepted until %s; ask “%s” for another",
                   end,
                   dms_did_get_uri (self->organisation));
      return FALSE;
    }
  return TRUE;
}

DmsDid *
dms_invitation_get_organisation (DmsInvitation *self)
{
  return self->organisation;
}

const char *
dms_invitation_get_name (DmsInvitation *self)
{
  return self->name;
}

gboolean
dms_invitation_is_open (DmsInvitation *self)
{
  return self->joiners->len == 0;
}

gboolean
dms_invitation_has_secret (DmsInvitation *self)
{
  return self->key != NULL;
}

gboolean
dms_invitation_is_for (DmsInvitation *self, DmsDid *joiner)
{
  return self->joiners->len == 0 ||
         g_ptr_array_find_with_equal_func (self->joiners, joiner, (GEqualFunc) dms_did_equal, NULL);
}

guint64
dms_invitation_get_until_ns (DmsInvitation *self)
{
  return self->until_ns;
}

guint64
dms_invitation_get_accept_ns (DmsInvitation *self)
{
  return self->accept_ns;
}

static const char *const *
get_no_paths (void)
{
  static const char *const none[] = { NULL };

  return none;
}

/* All tokens have the same ones. */
const char *const *
dms_invitation_get_get_capabilities (DmsInvitation *self)
{
  return dms_token_list_get_size (self->tokens) > 0
             ? dms_token_get_capabilities (dms_token_list_get (self->tokens, 0))
             : get_no_paths ();
}

const char *const *
dms_invitation_get_get_topics (DmsInvitation *self)
{
  return dms_token_list_get_size (self->tokens) > 0
             ? dms_token_get_topics (dms_token_list_get (self->tokens, 0))
             : get_no_paths ();
}

const char *const *
dms_invitation_get_ask_capabilities (DmsInvitation *self)
{
  return (const char *const *) self->ask_capabilities;
}

const char *const *
dms_invitation_get_ask_topics (DmsInvitation *self)
{
  return (const char *const *) self->ask_topics;
}

DmsTokenList *
dms_invitation_get_tokens (DmsInvitation *self)
{
  return self->tokens;
}

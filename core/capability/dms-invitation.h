/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "capability/dms-capability-context.h"
#include "capability/dms-token-list.h"

G_BEGIN_DECLS

#define DMS_TYPE_INVITATION (dms_invitation_get_type ())

/* What the bytes that are signed begin with: nothing else that is signed does. */
#define DMS_INVITATION_SIGNED_PREFIX "dms:invitation:"
/* What a text invitation begins with; the rest is base64url (RFC 4648 section 5) without padding. */
#define DMS_INVITATION_PREFIX "dms-invitation:v1:"
/* The most bytes of a text, and the most DIDs it may be addressed to. */
#define DMS_INVITATION_MAX_TEXT    (128 * 1024)
#define DMS_INVITATION_MAX_JOINERS 64
/* An open invitation is a right of whoever has the text, so it may not last longer. */
#define DMS_INVITATION_MAX_OPEN_DAYS 30
/* How many tokens may lie between what the joiner allows the organisation and a use of it: the
 * organisation's, that of an open invitation, and the use itself. */
#define DMS_INVITATION_GRANT_DEPTH 3

/* What an organisation offers to those who join it and asks of them, signed by it. An addressed one carries a
 * delegation to each DID it is for. An open one carries a key of its own and a delegation to that: whoever
 * has it passes the right on to himself. Immutable and counted. Times are ns since the epoch. */
typedef struct _DmsInvitation DmsInvitation;

GType dms_invitation_get_type (void);

/* What goes into an invitation. */
typedef struct
{
  /* (nullable): what the organisation calls itself. */
  const char *name;
  /* (element-type DmsDid) (nullable): whom it is for; NULL or empty for an open one. */
  GPtrArray *joiners;
  /* What joiners get, and what they are asked to allow. NULL is none; one of them has capabilities. */
  const char *const *get_capabilities;
  const char *const *get_topics;
  const char *const *ask_capabilities;
  const char *const *ask_topics;
  /* When all rights end, and until when one may join. */
  guint64 until_ns;
  guint64 accept_ns;
} DmsInvitationTerms;

/* Signs an invitation as the organisation. May take long if the signer asks a person: it signs once for each
 * joiner (one for an open one), and once for the whole. */
DmsInvitation *dms_invitation_new (DmsSigner *organisation, const DmsInvitationTerms *terms, GError **error);
/* Reads a text. It is well formed then, and in the one form it can have, but not verified. */
DmsInvitation *dms_invitation_new_from_text (const char *text, gsize size, GError **error);
/* Reads the very bytes that an organisation signs, to show them before it does. There is no signature in it.
 */
DmsInvitation *dms_invitation_new_from_signed_bytes (GBytes *bytes, GError **error);
DmsInvitation *dms_invitation_ref (DmsInvitation *self);
void dms_invitation_unref (DmsInvitation *self);
/* One line, without its end. That of an open invitation is a secret. */
char *dms_invitation_to_text (DmsInvitation *self);

/* Whether the organisation signed this and each token in it, and it may still be accepted.
 * DMS_ERROR_BAD_SIGNATURE or DMS_ERROR_EXPIRED. */
gboolean dms_invitation_verify (DmsInvitation *self, guint64 now_ns, GError **error);

DmsDid *dms_invitation_get_organisation (DmsInvitation *self);
/* What the organisation calls itself, "" for nothing: printable, at most 64 characters, and only its word. */
const char *dms_invitation_get_name (DmsInvitation *self);
/* Whether whoever has the text may join. */
gboolean dms_invitation_is_open (DmsInvitation *self);
/* Whether the text holds the secret of an open invitation. */
gboolean dms_invitation_has_secret (DmsInvitation *self);
gboolean dms_invitation_is_for (DmsInvitation *self, DmsDid *joiner);
guint64 dms_invitation_get_until_ns (DmsInvitation *self);
guint64 dms_invitation_get_accept_ns (DmsInvitation *self);
/* None is NULL; all end in NULL. */
const char *const *dms_invitation_get_get_capabilities (DmsInvitation *self);
const char *const *dms_invitation_get_get_topics (DmsInvitation *self);
const char *const *dms_invitation_get_ask_capabilities (DmsInvitation *self);
const char *const *dms_invitation_get_ask_topics (DmsInvitation *self);
/* What the organisation issued; revoking these cuts off all who joined by the invitation. */
DmsTokenList *dms_invitation_get_tokens (DmsInvitation *self);

/* Whether the context's owner may join by this at all: it is for it, and not its own. */
gboolean dms_invitation_check_joiner (DmsInvitation *self, DmsDid *joiner, GError **error);
/* Whether the context already has everything that joining would give both sides. */
gboolean dms_invitation_is_joined (DmsInvitation *self, DmsCapabilityContext *context);
/* Verifies, and anchors both directions: what the joiner gets, and its own grant to the organisation of what
 * is asked, no more. On an error the context may have changed: it must not be saved. */
gboolean dms_invitation_accept (DmsInvitation *self, DmsCapabilityContext *context, GError **error);

/* Undoes every membership in an organisation: drops what began with it, drops and revokes what the context
 * granted it. Says how many of each. DMS_ERROR_NOT_FOUND when there was nothing. */
gboolean dms_invitation_leave (DmsCapabilityContext *context,
                               DmsDid *organisation,
                               guint *n_dropped,
                               guint *n_revoked,
                               GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsInvitation, dms_invitation_unref)

G_END_DECLS

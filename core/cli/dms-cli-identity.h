/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "capability/dms-capability-context.h"
#include "cli/dms-cli-call.h"
#include "identity/dms-key.h"
#include "identity/dms-signer.h"

G_BEGIN_DECLS

/* The key and capability files of a context, for the verbs that work on them. */

/* Asks for the passphrase. DMS_ERROR_NOT_FOUND when there is no such key. */
DmsKey *dms_cli_identity_load_key (DmsCliCall *call, const char *name, GError **error);
/* What signs for a context: its key file, whose passphrase is asked for, or the OpenPGP key of “gpg:<key>”,
 * which shows what it signs. It must not outlive the call. */
DmsSigner *dms_cli_identity_open_signer (DmsCliCall *call, const char *name, GError **error);
/* Writes a key under a new passphrase. */
gboolean dms_cli_identity_save_key (DmsCliCall *call, const char *name, DmsKey *key, GError **error);
/* Whether the key file may be written: there is none, or the person agrees to lose it. */
gboolean dms_cli_identity_confirm_new_key (DmsCliCall *call, const char *name, GError **error);

/* @key: (nullable): only needed to issue tokens. */
DmsCapabilityContext *dms_cli_identity_load_capabilities (DmsCliCall *call, const char *name, DmsKey *key,
                                                          GError **error);
/* With what has expired in it, for showing. */
DmsCapabilityContext *dms_cli_identity_load_expired (DmsCliCall *call, const char *name, GError **error);
/* The same with what signs for the context: to issue tokens. */
DmsCapabilityContext *dms_cli_identity_open_capabilities (DmsCliCall *call, const char *name, GError **error);
gboolean dms_cli_identity_save_capabilities (DmsCliCall *call, const char *name,
                                             DmsCapabilityContext *context,
                                             GError **error);

/* Changes a context's file, safe against other programs that change it at the same moment. */
gboolean dms_cli_identity_edit_capabilities (DmsCliCall *call, const char *name, DmsKey *key,
                                             DmsCapabilityEdit edit, gpointer user_data, GError **error);

/* A token list, or one token, given as an argument. */
DmsTokenList *dms_cli_identity_parse_tokens (const char *text, GError **error);
/* Exactly one token. */
DmsToken *dms_cli_identity_parse_token (const char *text, GError **error);

G_END_DECLS

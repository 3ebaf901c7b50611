/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-docker-reference.h"

#include <string.h>

struct _DmsDockerReference
{
  char *text;
  char *name;
  char *tag;
  char *digest;
};

static const gsize MAX_TEXT = 512;

/* The grammar of github.com/distribution/reference: an upper-case letter is allowed in a host only. */
static const char PATTERN[] =
    "\\A((?:(?=[^/]*[.:A-Z]|localhost/)[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?/)?"
    "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*)*)"
    "(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?"
    "(?:@(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}))?\\z";

static char *
fetch_or_null (GMatchInfo *match, int group)
{
  g_autofree char *text = g_match_info_fetch (match, group);

  return text != NULL && *text != '\0' ? g_steal_pointer (&text) : NULL;
}

/* Reads a reference. */
DmsDockerReference *
dms_docker_reference_new (const char *text, GError **error)
{
  g_autoptr (GRegex) regex = NULL;
  g_autoptr (GMatchInfo) match = NULL;
  DmsDockerReference *self;

  if (strlen (text) > MAX_TEXT)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_TOO_LARGE,
                   "the image name is longer than %" G_GSIZE_FORMAT " bytes",
                   MAX_TEXT);
      return NULL;
    }
  regex = g_regex_new (PATTERN, G_REGEX_RAW, 0, error);
  if (regex == NULL)
    return NULL;
  if (!g_regex_match (regex, text, 0, &match))
    {
      g_autofree char *shown = g_utf8_make_valid (text, -1);

      g_set_error (
          error,
          DMS_ERROR,
          DMS_ERROR_INVALID_ARGUMENT,
          "“%s” is not the name of an image: expected [host[:port]/]path[:tag][@sha256:…] with a path of "
          "lower-case letters, digits, “.”, “_” and “-”",
          shown);
      return NULL;
    }
  self = g_atomic_rc_box_new0 (DmsDockerReference);
  self->text = g_strdup (text);
  self->name = g_match_info_fetch (match, 1);
  self->tag = fetch_or_null (match, 2);
  self->digest = fetch_or_null (match, 3);
  return self;
}

DmsDockerReference *
dms_docker_reference_ref (DmsDockerReference *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
reference_free (gpointer data)
{
  DmsDockerReference *self = data;

  g_free (self->text);
  g_free (self->name);
  g_free (self->tag);
  g_free (self->digest);
}

void
dms_docker_reference_unref (DmsDockerReference *self)
{
  g_atomic_rc_box_release_full (self, reference_free);
}

const char *
dms_docker_reference_get_text (DmsDockerReference *self)
{
  return self->text;
}

const char *
dms_docker_reference_get_name (DmsDockerReference *self)
{
  return self->name;
}

const char *
dms_docker_reference_get_tag (DmsDockerReference *self)
{
  return self->tag;
}

const char *
dms_docker_reference_get_digest (DmsDockerReference *self)
{
  return self->digest;
}

/* The request that pulls the image. A digest names the content exactly, so it wins over a tag; without either
 * the tag is `latest`: an engine pulls every tag of the repository when none is given. */
char *
dms_docker_reference_dup_pull_path (DmsDockerReference *self)
{
  g_autofree char *name = g_uri_escape_string (self->name, NULL, FALSE);
  const char *version = self->digest != NULL ? self->digest : self->tag != NULL ? self->tag : "latest";
  g_autofree char *escaped = g_uri_escape_string (version, NULL, FALSE);

  return g_strdup_printf ("/images/create?fromImage=%s&tag=%s", name, escaped);
}

/* The request that looks whether the image is there. With tag and digest both, the digest decides. */
char *
dms_docker_reference_dup_inspect_path (DmsDockerReference *self)
{
  if (self->digest != NULL)
    return g_strdup_printf ("/images/%s@%s/json", self->name, self->digest);
  return g_strdup_printf ("/images/%s:%s/json", self->name, self->tag != NULL ? self->tag : "latest");
}

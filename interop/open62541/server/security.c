#include "security.h"

#include <ctype.h>
#include <open62541/plugin/accesscontrol_default.h>
#include <open62541/plugin/certificategroup_default.h>
#include <open62541/server_config_default.h>
#include <stdio.h>
#include <string.h>

// one for all endpoints: the plugin would repeat every login for each policy, on each endpoint
static const char TOKEN_POLICY[] = "http://opcfoundation.org/UA/SecurityPolicy#Basic256Sha256";

static UA_ByteString read_file(const char *path) {
    UA_ByteString content = UA_BYTESTRING_NULL;
    FILE *file = fopen(path, "rb");
    if(!file) {
        perror(path);
        return content;
    }
    UA_Byte buffer[65536];
    size_t length = fread(buffer, 1, sizeof buffer, file);
    fclose(file);
    if(UA_ByteString_allocBuffer(&content, length) == UA_STATUSCODE_GOOD)
        memcpy(content.data, buffer, length);
    return content;
}

static UA_StatusCode trust_folder(UA_ServerConfig *config, UA_CertificateGroup *group, UA_UInt32 kind, const char *folder) {
    UA_NodeId id = UA_NODEID_NUMERIC(0, kind);
    UA_KeyValuePair limits[2];
    limits[0].key = UA_QUALIFIEDNAME(0, "max-trust-listsize");
    UA_Variant_setScalar(&limits[0].value, &config->maxTrustListSize, &UA_TYPES[UA_TYPES_UINT32]);
    limits[1].key = UA_QUALIFIEDNAME(0, "max-rejected-listsize");
    UA_Variant_setScalar(&limits[1].value, &config->maxRejectedListSize, &UA_TYPES[UA_TYPES_UINT32]);
    UA_KeyValueMap map = {2, limits};
    return UA_CertificateGroup_Filestore(group, &id, UA_STRING((char *)(uintptr_t)folder), config->logging, &map);
}

static UA_StatusCode add_policies(UA_ServerConfig *config, const Options *options, const UA_ByteString *certificate,
                                  const UA_ByteString *key) {
    UA_StatusCode result = UA_ServerConfig_addSecurityPolicyNone(config, certificate);
    result |= UA_ServerConfig_addSecurityPolicyBasic256Sha256(config, certificate, key);
    result |= UA_ServerConfig_addSecurityPolicyAes128Sha256RsaOaep(config, certificate, key);
    result |= UA_ServerConfig_addSecurityPolicyAes256Sha256RsaPss(config, certificate, key);
    config->securityPolicyNoneDiscoveryOnly = !options->none;
    if(options->none)
        return result | UA_ServerConfig_addAllEndpoints(config);
    return result | UA_ServerConfig_addAllSecureEndpoints(config);
}

static Thumbprint thumbprint_of(UA_ByteString *certificate) {
    Thumbprint thumbprint = {{0}};
    UA_String digits = {40, (UA_Byte *)thumbprint.digits};
    UA_CertificateUtils_getThumbprint(certificate, &digits);
    for(char *digit = thumbprint.digits; *digit; digit++)
        *digit = (char)toupper(*digit);
    return thumbprint;
}

UA_StatusCode configure_security(UA_ServerConfig *config, const Options *options, Thumbprint *thumbprint) {
    UA_ByteString certificate = read_file(options->certificate), key = read_file(options->key);
    if(!certificate.length || !key.length)
        return UA_STATUSCODE_BADNOTFOUND;
    *thumbprint = thumbprint_of(&certificate);
    UA_StatusCode result =
        trust_folder(config, &config->secureChannelPKI, UA_NS0ID_SERVERCONFIGURATION_CERTIFICATEGROUPS_DEFAULTAPPLICATIONGROUP,
                     options->pki);
    result |= trust_folder(config, &config->sessionPKI,
                           UA_NS0ID_SERVERCONFIGURATION_CERTIFICATEGROUPS_DEFAULTUSERTOKENGROUP, options->pki);
    result |= add_policies(config, options, &certificate, &key);
    UA_String token_policy = UA_STRING((char *)(uintptr_t)TOKEN_POLICY);
    UA_UsernamePasswordLogin login = {UA_STRING((char *)(uintptr_t)options->user),
                                      UA_BYTESTRING((char *)(uintptr_t)options->password)};
    result |= UA_AccessControl_default(config, options->anonymous, &token_policy, 1, &login);
    UA_ByteString_clear(&certificate);
    UA_ByteString_clear(&key);
    return result;
}

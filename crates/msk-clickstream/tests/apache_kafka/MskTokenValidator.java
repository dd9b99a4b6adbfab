import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.UnsupportedCallbackException;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.security.auth.AuthenticateCallbackHandler;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerExtensionsValidatorCallback;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerToken;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallback;

/**
 * Judges MSK tokens on an Apache Kafka broker: presigned requests for kafka-cluster:Connect.
 *
 * Options in the JAAS configuration: region, and keysFile with one "access-key secret session-token|- principal"
 * a line, read at every authentication so that tests can rotate keys.
 */
public final class MskTokenValidator implements AuthenticateCallbackHandler {
    private static final DateTimeFormatter STAMP = DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'");
    private String region;
    private Path keys;

    private record Key(String secret, String session, String principal) {}

    private record Judged(String value, String principalName, Long startTimeMs, long lifetimeMs)
            implements OAuthBearerToken {
        @Override
        public Set<String> scope() {
            return Set.of();
        }
    }

    @Override
    public void configure(Map<String, ?> configs, String mechanism, List<AppConfigurationEntry> entries) {
        Map<String, ?> options = entries.get(0).getOptions();
        region = (String) options.get("region");
        keys = Path.of((String) options.get("keysFile"));
    }

    @Override
    public void close() {}

    @Override
    public void handle(Callback[] callbacks) throws UnsupportedCallbackException {
        for (Callback callback : callbacks) {
            if (callback instanceof OAuthBearerValidatorCallback asked) {
                try {
                    asked.token(judge(asked.tokenValue()));
                } catch (Exception refused) {
                    System.err.println("token refused: " + refused.getMessage());
                    asked.error("invalid_token", null, null);
                }
            } else if (callback instanceof OAuthBearerExtensionsValidatorCallback asked) {
                asked.inputExtensions().map().keySet().forEach(asked::valid);
            } else {
                throw new UnsupportedCallbackException(callback);
            }
        }
    }

    private OAuthBearerToken judge(String token) throws Exception {
        String url = new String(Base64.getUrlDecoder().decode(token), StandardCharsets.UTF_8);
        String host = "kafka." + region + ".amazonaws.com";
        String start = "https://" + host + "/?";
        check(url.startsWith(start), "not for " + host);
        TreeMap<String, String> query = new TreeMap<>();
        for (String pair : url.substring(start.length()).split("&")) {
            String[] parts = pair.split("=", 2);
            query.put(decode(parts[0]), parts.length == 2 ? decode(parts[1]) : "");
        }
        query.remove("User-Agent");
        String signature = query.remove("X-Amz-Signature");
        check("kafka-cluster:Connect".equals(query.get("Action")), "not for kafka-cluster:Connect");
        check("AWS4-HMAC-SHA256".equals(query.get("X-Amz-Algorithm")), "another algorithm");
        check("host".equals(query.get("X-Amz-SignedHeaders")), "other signed headers");
        String[] scope = query.get("X-Amz-Credential").split("/");
        String stamp = query.get("X-Amz-Date");
        check(scope.length == 5 && stamp.startsWith(scope[1]) && scope[2].equals(region)
                && scope[3].equals("kafka-cluster") && scope[4].equals("aws4_request"), "another scope");
        Key key = key(scope[0]);
        String session = query.getOrDefault("X-Amz-Security-Token", "-");
        check(session.equals(key.session), "another session token");
        long signed = LocalDateTime.parse(stamp, STAMP).toEpochSecond(ZoneOffset.UTC) * 1000;
        long life = Long.parseLong(query.get("X-Amz-Expires")) * 1000;
        long now = System.currentTimeMillis();
        check(life > 0 && life <= 900_000, "a life of " + life + " ms");
        check(signed <= now + 300_000 && now < signed + life, "too early or too late");
        check(expected(key.secret, host, query, stamp, scope).equals(signature), "another signature");
        return new Judged(token, key.principal, signed, signed + life);
    }

    private static String expected(
            String secret, String host, TreeMap<String, String> query, String stamp, String[] scope) throws Exception {
        StringBuilder canonical = new StringBuilder();
        for (Map.Entry<String, String> pair : query.entrySet()) {
            canonical.append(canonical.isEmpty() ? "" : "&").append(encode(pair.getKey())).append('=')
                    .append(encode(pair.getValue()));
        }
        String request = "GET\n/\n" + canonical + "\nhost:" + host + "\n\nhost\n" + digest("");
        String toSign = "AWS4-HMAC-SHA256\n" + stamp + "\n" + String.join("/", scope[1], scope[2], scope[3], scope[4])
                + "\n" + digest(request);
        byte[] key = ("AWS4" + secret).getBytes(StandardCharsets.UTF_8);
        for (String part : List.of(scope[1], scope[2], scope[3], scope[4])) {
            key = hmac(key, part);
        }
        return HexFormat.of().formatHex(hmac(key, toSign));
    }

    private Key key(String id) throws Exception {
        for (String line : Files.readAllLines(keys)) {
            String[] parts = line.split(" ");
            if (parts.length == 4 && parts[0].equals(id)) {
                return new Key(parts[1], parts[2], parts[3]);
            }
        }
        throw new SecurityException("access key " + id + " is not known");
    }

    private static void check(boolean holds, String otherwise) {
        if (!holds) {
            throw new SecurityException(otherwise);
        }
    }

    private static byte[] hmac(byte[] key, String text) throws Exception {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String digest(String text) throws Exception {
        MessageDigest sha = MessageDigest.getInstance("SHA-256");
        return HexFormat.of().formatHex(sha.digest(text.getBytes(StandardCharsets.UTF_8)));
    }

    private static String decode(String text) {
        return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    }

    private static String encode(String text) {
        String encoded = URLEncoder.encode(text, StandardCharsets.UTF_8);
        return encoded.replace("+", "%20").replace("*", "%2A").replace("%7E", "~");
    }
}

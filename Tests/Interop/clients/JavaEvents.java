// Java's own java.net.http.HttpClient, the response as a stream of lines. Words as in sse_httpx.py.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;

public class JavaEvents {
    static synchronized void say(String words) {
        byte[] line = (words + "\n").getBytes(StandardCharsets.UTF_8);
        System.out.write(line, 0, line.length);
        System.out.flush();
    }

    static void read(String[] words) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(words[1]))
            .header("Authorization", "Bearer " + words[2]).header("Accept", "text/event-stream");
        if (words.length > 3) request.header("Last-Event-ID", words[3]);
        try {
            HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
            HttpResponse<Stream<String>> response =
                client.send(request.build(), HttpResponse.BodyHandlers.ofLines());
            if (response.statusCode() != 200) {
                say("failed " + response.statusCode());
                return;
            }
            say("open");
            String[] event = {"-", ""};
            response.body().forEach(line -> tell(line, event));
        } catch (UncheckedIOException error) {
            // The stream was cut.
        } catch (Exception error) {
            say("failed " + error);
        }
        say("closed");
    }

    static void tell(String line, String[] event) {
        if (line.startsWith("id:")) event[0] = line.substring(3).strip();
        if (line.startsWith("data:")) event[1] += line.substring(5).strip();
        if (line.isEmpty()) {
            if (!event[1].isEmpty()) say("event " + event[0] + " " + event[1]);
            event[0] = "-";
            event[1] = "";
        }
    }

    public static void main(String[] arguments) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        String line;
        while ((line = lines.readLine()) != null) {
            String[] words = line.split(" ");
            if (words[0].equals("connect")) {
                Thread reader = new Thread(() -> read(words));
                reader.setDaemon(true);
                reader.start();
            }
        }
        System.exit(0);
    }
}

// Decodes Kubernetes manifests strictly against the published types: a field that does not exist, or is said twice, is an
// error. Prints the kind and name of each; exits 1 with the file and the reason.
package main

import (
	"fmt"
	"os"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

type object interface{ GetName() string }

var kinds = map[string]func() object{
	"apps/v1 Deployment":                     func() object { return &appsv1.Deployment{} },
	"v1 Service":                             func() object { return &corev1.Service{} },
	"autoscaling/v2 HorizontalPodAutoscaler": func() object { return &autoscalingv2.HorizontalPodAutoscaler{} },
	"policy/v1 PodDisruptionBudget":          func() object { return &policyv1.PodDisruptionBudget{} },
}

func main() {
	failed := false
	for _, file := range os.Args[1:] {
		said, err := check(file)
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", file, err)
			failed = true
			continue
		}
		fmt.Println(said)
	}
	if failed {
		os.Exit(1)
	}
}

func check(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	var meta metav1.TypeMeta
	if err := yaml.Unmarshal(text, &meta); err != nil {
		return "", err
	}
	kind := meta.APIVersion + " " + meta.Kind
	make, known := kinds[kind]
	if !known {
		return "", fmt.Errorf("no type is known for %q", kind)
	}
	decoded := make()
	if err := yaml.UnmarshalStrict(text, decoded); err != nil {
		return "", err
	}
	return kind + " " + decoded.GetName(), nil
}
